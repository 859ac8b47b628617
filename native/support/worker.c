/* The worker: a process that calls kernels for its parent, through a Unix socket or a ring in shared memory.
 *
 *     ffis_worker PARENT_PID CONTROL_FD ring MEMFD NBYTES [REQUEST_EVENTFD RESPONSE_EVENTFD]
 *     ffis_worker PARENT_PID CONTROL_FD uds SOCKET_PATH [MEMFD NBYTES]
 *
 * It ends with its parent: by the kernel's signal, by the end of the control socket, by CLOSE on it, and at once where
 * another process than PARENT_PID started it. Exit codes: 0 told to end, 1 could not serve, 2 wrong arguments.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"
#include "serve_ring.h"
#include "serve_socket.h"

enum { FFIS_EXIT_FAILED = 1, FFIS_EXIT_USAGE = 2 };

struct ffis_options {
    int control;
    const char *socket_path; /* NULL: a ring */
    int memfd;               /* -1: none */
    uint64_t nbytes;
    int eventfds[2]; /* request, response; -1: none */
};

static _Noreturn void ffis_give_up(int code, const char *what, const char *why) {
    fprintf(stderr, "ffis_worker: %s: %s\n", what, why);
    _exit(code);
}

static uint64_t ffis_number(const char *text, uint64_t most) {
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value > most) {
        ffis_give_up(FFIS_EXIT_USAGE, text, "not a number that fits here");
    }
    return value;
}

static int ffis_descriptor(const char *text) {
    const int fd = (int)ffis_number(text, INT_MAX);
    if (fd <= STDERR_FILENO || !ffis_is_open(fd)) { ffis_give_up(FFIS_EXIT_USAGE, text, "no open descriptor"); }
    return fd;
}

/* Ends with the parent, whose thread that started this process must last: prctl(2). */
static void ffis_bind_to_parent(uint64_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) { ffis_give_up(FFIS_EXIT_FAILED, "prctl", strerror(errno)); }
    if ((uint64_t)getppid() != parent) { /* it ended before the kernel was asked, or it is another */
        ffis_give_up(FFIS_EXIT_FAILED, "parent", "another process than stated, or it has ended");
    }
}

static struct ffis_options ffis_read_options(int argc, char **argv) {
    struct ffis_options options = {.memfd = -1, .eventfds = {-1, -1}};
    if (argc < 2) { ffis_give_up(FFIS_EXIT_USAGE, "arguments", "see native/support/worker.c"); }
    ffis_bind_to_parent(ffis_number(argv[1], INT_MAX));
    const int is_ring = argc >= 4 && strcmp(argv[3], "ring") == 0;
    const int is_socket = argc >= 4 && strcmp(argv[3], "uds") == 0;
    if (!(is_ring && (argc == 6 || argc == 8)) && !(is_socket && (argc == 5 || argc == 7))) {
        ffis_give_up(FFIS_EXIT_USAGE, "arguments", "see native/support/worker.c");
    }
    options.control = ffis_descriptor(argv[2]);
    options.socket_path = is_socket ? argv[4] : NULL;
    const int next = is_socket ? 5 : 4;
    if (argc > next) {
        options.memfd = ffis_descriptor(argv[next]);
        options.nbytes = ffis_number(argv[next + 1], (uint64_t)PTRDIFF_MAX);
    }
    for (int i = 0; is_ring && i + 6 < argc; i++) { options.eventfds[i] = ffis_descriptor(argv[i + 6]); }
    return options;
}

/* The memfd mapped as a whole, and closed; without a memfd a region without a base. */
static struct ffis_region ffis_map(const struct ffis_options *options) {
    if (options->memfd < 0) { return (struct ffis_region){NULL, 0}; }
    const char *reason = ffis_why_unsafe(options->memfd, options->nbytes);
    if (reason != NULL) { ffis_give_up(FFIS_EXIT_FAILED, "memfd", reason); }
    void *memory = mmap(NULL, options->nbytes, PROT_READ | PROT_WRITE, MAP_SHARED, options->memfd, 0);
    if (memory == MAP_FAILED) { ffis_give_up(FFIS_EXIT_FAILED, "mmap", strerror(errno)); }
    close(options->memfd);
    return (struct ffis_region){memory, options->nbytes};
}

/* Answers HELLO on the control socket, and ends the process at its end; whatever the main thread does meanwhile. */
static void *ffis_watch_control(void *argument) {
    struct ffis_stream *stream = argument;
    uint64_t body[FFIS_SMALL_NBYTES / sizeof(uint64_t)];
    struct ffis_header request;
    int goes_on = 1;
    while (goes_on && ffis_stream_read(stream, &request, sizeof request)) {
        const uint32_t status = ffis_header_status(&request);
        if (status != FFIS_OK || request.op == FFIS_OP_CALL) {
            goes_on = ffis_refuse(stream, status != FFIS_OK ? status : FFIS_BAD_OP);
        } else if (!ffis_stream_read(stream, body, request.nbytes) || request.op == FFIS_OP_CLOSE) {
            goes_on = 0;
        } else if (request.op == FFIS_OP_HELLO) {
            goes_on = ffis_answer_hello(stream, &request, body);
        } else {
            goes_on = ffis_answer(stream, &request, FFIS_BAD_OP, NULL, 0);
        }
    }
    ffis_stream_flush(stream);
    _exit(0);
}

int main(int argc, char **argv) {
    static struct ffis_stream control;
    const struct ffis_options options = ffis_read_options(argc, argv);
    const int kept[] = {options.control, options.memfd, options.eventfds[0], options.eventfds[1]};
    ffis_close_others(kept, sizeof kept / sizeof kept[0]);
    const struct ffis_region memory = ffis_map(&options);
    const int listener = options.socket_path != NULL ? ffis_listen(options.socket_path) : -1;
    if (options.socket_path != NULL && listener < 0) {
        ffis_give_up(FFIS_EXIT_FAILED, options.socket_path, strerror(errno));
    }
    pthread_t watcher;
    control.fd = options.control;
    const int failure = pthread_create(&watcher, NULL, ffis_watch_control, &control); /* ready: it may answer now */
    if (failure != 0) { ffis_give_up(FFIS_EXIT_FAILED, "pthread_create", strerror(failure)); }
    if (options.socket_path != NULL) {
        ffis_serve_socket(listener, &memory);
        return FFIS_EXIT_FAILED;
    }
    const int was_served = ffis_serve_ring(memory.base, memory.nbytes, options.eventfds[0], options.eventfds[1]);
    return was_served ? 0 : FFIS_EXIT_FAILED;
}
