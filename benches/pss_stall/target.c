/* A process that notices when its memory map is locked: much memory in small pages, and an mmap and munmap every
 * 200 microseconds, each timed.
 *
 * Owns: the longest waits. Must not: know who makes it wait. Arguments: MiB of memory, seconds. Prints "ready", and at
 * the end one line: calls, then how many took longer than 1, 5, 20 and 100 ms, then the longest, in microseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    size_t bytes = (size_t)atol(argv[1]) << 20;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || madvise(memory, bytes, MADV_NOHUGEPAGE))
        return 1;
    for (size_t at = 0; at < bytes; at += 4096)
        memory[at] = 1;
    puts("ready");
    fflush(stdout);

    long long end = now_ns() + atol(argv[2]) * 1000000000LL, longest = 0;
    long calls = 0, above[4] = {0};
    const long long limits[4] = {1000000, 5000000, 20000000, 100000000};
    while (now_ns() < end) {
        long long before = now_ns();
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page != MAP_FAILED)
            munmap(page, 4096);
        long long took = now_ns() - before;
        calls++;
        longest = took > longest ? took : longest;
        for (int i = 0; i < 4; i++)
            above[i] += took > limits[i];
        struct timespec pause = {0, 200000};
        nanosleep(&pause, NULL);
    }
    printf("%ld %ld %ld %ld %ld %lld\n", calls, above[0], above[1], above[2], above[3], longest / 1000);
    return 0;
}
