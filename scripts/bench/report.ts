// SPDX-License-Identifier: GPL-2.0-only
// The table of `npm run bench`: medians over the rounds, ratios taken round by round, and the aims.
import Table from "cli-table3";
import { median } from "./children.ts";

/** One number a round, by the name of what was measured. */
export type Samples = Record<string, number[]>;

export interface BenchReport {
  /** Points of each task in the run part of the fixed case. */
  pointsByTask: number[];
  /** Median share of a CPU that the measured processes got. */
  cpu: number;
  samples: Samples;
}

/** Below it the figures say more about the neighbours than about Faultline. */
const CPU_LOW = 0.9;

interface Row {
  what: string;
  values: number[] | undefined;
  show: (value: number) => string;
  aim?: { least: number } | { most: number };
}

/** Values of one figure over those of another, from the same rounds. */
function ratio(samples: Samples, over: string, under: string): number[] | undefined {
  const [top, bottom] = [samples[over], samples[under]];
  if (top === undefined || bottom === undefined) return undefined;
  return top.map((value, i) => value / bottom[i]);
}

const whole = (value: number) => Math.round(value).toLocaleString("en-US");
const perSecond = (value: number) => `${whole(value)}/s`;
const part = (value: number) => value.toFixed(2);
const ns = (value: number) => `${whole(value)} ns`;

function rowsOf(samples: Samples): Row[] {
  const rate = (what: string, name: string): Row =>
    ({ what, values: samples[name], show: perSecond });
  const share = (what: string, over: string, under: string): Row =>
    ({ what, values: ratio(samples, over, under), show: part });
  return [
    { ...rate("plain node", "plain"), aim: { least: 50_000 } },
    rate("  points", "plain points"),
    rate("under Jazzer, all feedback", "jazzer"),
    { ...share("  of plain", "jazzer", "plain"), aim: { least: 0.7 } },
    { ...share("  of an empty target", "jazzer", "empty"), aim: { least: 0.08 } },
    rate("under Jazzer, -entropic=1", "jazzer, -entropic=1"),
    share("  of plain", "jazzer, -entropic=1", "plain"),
    share("  of an empty target", "jazzer, -entropic=1", "empty"),
    rate("empty Jazzer target", "empty"),
    rate("dax, random bytes, plain node", "dax plain"),
    rate("  points", "dax plain points"),
    rate("dax, same bytes, under Jazzer", "dax jazzer"),
    share("  of plain", "dax jazzer", "dax plain"),
    rate("dax, libFuzzer's own bytes", "dax fuzzing"),
    { what: "anonymous fault and zap", values: samples["emulated fault"], show: ns },
    { what: "  same on the real kernel", values: samples["real fault"], show: ns },
    {
      what: "  emulated over real", values: ratio(samples, "emulated fault", "real fault"),
      show: part, aim: { most: 1 },
    },
  ];
}

function verdict({ aim, show }: Row, value: number): string[] {
  if (aim === undefined) return ["", ""];
  if ("least" in aim) return [`>= ${show(aim.least)}`, value >= aim.least ? "met" : "missed"];
  return [`< ${show(aim.most)}`, value < aim.most ? "met" : "missed"];
}

export function printBench({ pointsByTask, cpu, samples }: BenchReport): void {
  const table = new Table({
    head: ["what", "median", "lowest", "highest", "aim", ""],
    colAligns: ["left", "right", "right", "right", "right", "left"],
    style: { head: [], border: [] },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  for (const row of rowsOf(samples)) {
    const { what, values, show } = row;
    if (values === undefined) continue;
    const middle = median(values);
    const spread = [Math.min(...values), Math.max(...values)].map(show);
    table.push([what, show(middle), ...spread, ...verdict(row, middle)]);
  }
  console.log(table.toString());
  const points = pointsByTask.map((count, task) => `task ${task} has ${count}`).join(", ");
  console.log(`points of the fixed case: ${points}; of one fault and zap: ` +
    `${Math.round(median(samples["fault points"]))}`);
  const share = `${Math.round(cpu * 100)} %`;
  console.log(`the measured processes had ${share} of a CPU` +
    (cpu < CPU_LOW ? ": the machine was busy, do not trust these figures" : ""));
}
