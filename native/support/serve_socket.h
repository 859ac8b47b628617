/* A Unix socket's server: a thread for each connection, of the same user only. */
#ifndef FFIS_SERVE_SOCKET_H
#define FFIS_SERVE_SOCKET_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "serve_frame.h"

enum { FFIS_MAX_CONNECTIONS = 8 };

struct ffis_place {
    atomic_flag is_taken;
    struct ffis_connection connection;
};

static struct ffis_place ffis_places[FFIS_MAX_CONNECTIONS];

/* A listening socket at `path`, of mode 0600; -1 with errno, EEXIST or EADDRINUSE where the path is taken. */
static int ffis_listen(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const mode_t before = umask(S_IXUSR | S_IRWXG | S_IRWXO); /* bind makes the file: it is never more open */
    const int is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    umask(before);
    if (is_bound && listen(fd, FFIS_MAX_CONNECTIONS) == 0) { return fd; }
    const int reason = errno;
    if (fd >= 0) { close(fd); }
    errno = reason;
    return -1;
}

static int ffis_is_same_user(int fd) {
    struct ucred peer;
    socklen_t nbytes = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &nbytes) == 0 && peer.uid == geteuid();
}

static void *ffis_serve_connection(void *argument) {
    struct ffis_place *place = argument;
    struct ffis_connection *connection = &place->connection;
    while (ffis_serve_frame(connection)) {}
    ffis_lists_clear(&connection->lists);
    if (connection->own.base != NULL) { munmap(connection->own.base, connection->own.nbytes); }
    close(connection->stream.fd);
    atomic_flag_clear(&place->is_taken);
    return NULL;
}

/* Hands `fd` over to a thread of its own; 0 where every place is taken, or no thread can be had. */
static int ffis_begin_connection(int fd, const struct ffis_region *shared) {
    for (size_t i = 0; i < FFIS_MAX_CONNECTIONS; i++) {
        struct ffis_place *place = &ffis_places[i];
        pthread_t thread;
        if (atomic_flag_test_and_set(&place->is_taken)) { continue; }
        struct ffis_connection *connection = &place->connection;
        connection->stream.fd = fd;
        connection->stream.in_start = connection->stream.in_end = connection->stream.out_end = 0;
        connection->own = (struct ffis_region){NULL, 0};
        connection->shared = shared;
        if (pthread_create(&thread, NULL, ffis_serve_connection, place) == 0) {
            pthread_detach(thread);
            return 1;
        }
        atomic_flag_clear(&place->is_taken);
        return 0;
    }
    return 0;
}

/* Tells the peer that there is no place for it; never waits, as the main thread serves all who come. */
static void ffis_turn_away(int fd) {
    const struct ffis_header answer = {.magic = FFIS_MAGIC, .version = FFIS_VERSION, .status = FFIS_UNSUPPORTED};
    const ssize_t sent = send(fd, &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent; /* a peer that is gone needs no answer */
    close(fd);
}

/* Accepts connections for ever. */
static void ffis_serve_socket(int listener, const struct ffis_region *shared) {
    const struct timespec pause = {.tv_nsec = 10000000};
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EINTR && errno != ECONNABORTED) { nanosleep(&pause, NULL); } /* no descriptors, say */
        } else if (!ffis_is_same_user(fd)) {
            close(fd);
        } else if (!ffis_begin_connection(fd, shared)) {
            ffis_turn_away(fd);
        }
    }
}

#endif
