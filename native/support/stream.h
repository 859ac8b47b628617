/* A socket read and written through small buffers: one recv takes in several frames, one send gives several answers. */
#ifndef FFIS_STREAM_H
#define FFIS_STREAM_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "frame.h"

/* Room for a full window of 64 frames without buffers, and little to copy of a long one. */
enum { FFIS_STREAM_NBYTES = 16 * 1024 };

struct ffis_stream {
    int fd;
    size_t in_start, in_end; /* what was received and not yet read */
    size_t out_end;          /* what is still to be sent */
    unsigned char in[FFIS_STREAM_NBYTES];
    unsigned char out[FFIS_STREAM_NBYTES];
};

/* As for every function here: 1, or 0 where the peer is gone. */
FFIS_INLINE int ffis_send_all(int fd, struct iovec *parts, size_t count) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    while (message.msg_iovlen > 0) {
        if (message.msg_iov->iov_len == 0) {
            message.msg_iov++;
            message.msg_iovlen--;
            continue;
        }
        const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) { return 0; }
        for (size_t left = sent > 0 ? (size_t)sent : 0; left > 0;) {
            struct iovec *part = message.msg_iov;
            const size_t taken = left < part->iov_len ? left : part->iov_len;
            part->iov_base = (char *)part->iov_base + taken;
            part->iov_len -= taken;
            left -= taken;
            if (part->iov_len == 0) {
                message.msg_iov++;
                message.msg_iovlen--;
            }
        }
    }
    return 1;
}

/* Puts `head` and `body` behind what is to be sent; only what does not fit in the buffer is sent at once. */
FFIS_INLINE int ffis_stream_write(struct ffis_stream *stream, const void *head, size_t head_nbytes, const void *body,
                                  size_t body_nbytes) {
    const size_t room = sizeof stream->out - stream->out_end;
    if (head_nbytes > room || body_nbytes > room - head_nbytes) {
        struct iovec parts[] = {
            {stream->out, stream->out_end},
            {(void *)(uintptr_t)head, head_nbytes}, /* iovec serves both directions, and so has no const */
            {(void *)(uintptr_t)body, body_nbytes},
        };
        stream->out_end = 0;
        return ffis_send_all(stream->fd, parts, 3);
    }
    memcpy(stream->out + stream->out_end, head, head_nbytes);
    stream->out_end += head_nbytes;
    if (body_nbytes > 0) { memcpy(stream->out + stream->out_end, body, body_nbytes); }
    stream->out_end += body_nbytes;
    return 1;
}

FFIS_INLINE int ffis_stream_flush(struct ffis_stream *stream) {
    struct iovec part = {stream->out, stream->out_end};
    stream->out_end = 0;
    return ffis_send_all(stream->fd, &part, 1);
}

/* Receives up to `nbytes`, or all of them with MSG_WAITALL. What is to be sent goes first: the wait may be long. */
FFIS_INLINE size_t ffis_stream_receive(struct ffis_stream *stream, void *to, size_t nbytes, int flags) {
    if (stream->out_end > 0 && !ffis_stream_flush(stream)) { return 0; }
    for (;;) {
        const ssize_t received = recv(stream->fd, to, nbytes, flags);
        if (received >= 0) { return (size_t)received; }
        if (errno != EINTR) { return 0; }
    }
}

/* Reads exactly `nbytes`; a long rest is received straight into `to`. */
FFIS_INLINE int ffis_stream_read(struct ffis_stream *stream, void *to, size_t nbytes) {
    unsigned char *next = to;
    while (nbytes > 0) {
        if (stream->in_start == stream->in_end) {
            if (nbytes >= sizeof stream->in) {
                const size_t received = ffis_stream_receive(stream, next, nbytes, MSG_WAITALL);
                if (received == 0) { return 0; }
                next += received;
                nbytes -= received;
                continue;
            }
            stream->in_start = 0;
            stream->in_end = ffis_stream_receive(stream, stream->in, sizeof stream->in, 0);
            if (stream->in_end == 0) { return 0; }
        }
        const size_t buffered = stream->in_end - stream->in_start;
        const size_t taken = buffered < nbytes ? buffered : nbytes;
        memcpy(next, stream->in + stream->in_start, taken);
        stream->in_start += taken;
        next += taken;
        nbytes -= taken;
    }
    return 1;
}

#endif
