import { test } from "vitest";
import { execute } from "./execute.ts";
import { printSchedule } from "./sched/schedule.ts";
import { decode } from "./program/bytes.ts";
import { dax } from "./program/targets.ts";
import { Prng } from "./lib/prng.ts";
import { printCase } from "./program/text.ts";
import { normaliseTitle } from "./triage/title.ts";
test("x", () => {
  const p = new Prng(Number(process.env.SEED ?? 7)); const titles = new Map<string,[number,string]>();
  const N = Number(process.env.N ?? 40000);
  for (let i=0;i<N;i++) { const d=Uint8Array.from({length:dax.size},()=>p.below(256)); if (process.env.K) d[1]=Number(process.env.K); const c=decode(d,dax);
    try { const o=execute(c); if (o.title) { const k=c.config.kernel+" "+normaliseTitle(o.title); const e=titles.get(k); const t=printCase({...c,schedule:{type:"turns",turns:o.schedule()}})+"\n"+o.log.join("\n"); if(!e) titles.set(k,[1,t]); else {e[0]++; if (t.length<e[1].length) e[1]=t;} } }
    catch(e) { console.log(String((e as Error).stack)); console.log(printCase(c)); break; }
  }
  for (const [k,[n,t]] of titles) console.log(n,k,"\n"+(k.includes("latest")||k.includes("v4.13")||k.includes("v4.12")?t:""));
}, 600000);
