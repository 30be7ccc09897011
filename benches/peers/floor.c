/* The cheapest program that could read what the recorder reads: every second, one pread per file, nothing parsed and
 * nothing kept.
 *
 * Owns: the reads. Must not: choose the files (they come on stdin, "K path" for one that stays open, "O path" for one
 * that is opened for each reading) or measure itself (run.py asks the kernel for its CPU time). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct file {
    char *path;
    int fd; /* -1: opened each time */
};

static char buffer[1 << 20];

static void read_whole(int fd) {
    /* Like the recorder: files that the kernel prints in one piece take one call. */
    if (pread(fd, buffer, sizeof buffer, 0) < 0)
        return; /* gone: its owner ended */
}

int main(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    struct file *list = NULL;
    size_t count = 0, room = 0;
    char *line = NULL;
    size_t length = 0;
    while (getline(&line, &length, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        if (strlen(line) < 3)
            continue;
        if (count == room) {
            room = room ? room * 2 : 1024;
            list = realloc(list, room * sizeof *list);
            if (!list)
                return 1;
        }
        list[count].path = strdup(line + 2);
        list[count].fd = line[0] == 'K' ? open(line + 2, O_RDONLY | O_CLOEXEC) : -1;
        if (line[0] == 'K' && list[count].fd < 0) {
            perror(line + 2);
            return 1;
        }
        count++;
    }

    struct timespec next;
    clock_gettime(CLOCK_REALTIME, &next);
    next.tv_nsec = 0;
    for (;;) {
        next.tv_sec++;
        while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &next, NULL))
            ;
        for (size_t at = 0; at < count; at++) {
            if (list[at].fd >= 0) {
                read_whole(list[at].fd);
                continue;
            }
            int fd = open(list[at].path, O_RDONLY | O_CLOEXEC);
            if (fd < 0)
                continue;
            read_whole(fd);
            close(fd);
        }
    }
}
