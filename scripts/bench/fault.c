// SPDX-License-Identifier: GPL-2.0-only
/* One anonymous fault on the kernel underneath: touch a page, give it back with MADV_DONTNEED.
 * Prints the median of nanoseconds for one pair. The twin of scripts/bench-fault.ts. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { BATCHES = 101, PAIRS = 1000, PAGES = 8, PAGE = 4096 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static double ns[BATCHES];
	volatile char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	for (int b = 0; b < BATCHES; b++) {
		double from = now();

		for (int i = 0; i < PAIRS; i++) {
			p[0] = 1;
			if (madvise((void *)p, PAGE, MADV_DONTNEED))
				return 1;
		}
		ns[b] = (now() - from) / PAIRS;
	}
	qsort(ns, BATCHES, sizeof(ns[0]), ascending);
	printf("%.1f\n", ns[BATCHES / 2]);
	return 0;
}
