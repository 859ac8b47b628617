/* Launching on a CUDA device from C: the loop that every launch path is compared with, and waiting for the device.
 *
 * Built without CUDA's headers: what is used of the driver API is declared here (CUDA Driver API, cuLaunchKernel). The
 * address of cuLaunchKernel is handed in, so that the library loads where no driver is.
 */
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define FFIS_PAUSE() _mm_pause()
#else
#define FFIS_PAUSE() ((void)0)
#endif

#define FFIS_EXPORT __attribute__((visibility("default")))

typedef int32_t (*ffis_cu_launch)(void *function, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z, uint32_t block_x,
                                  uint32_t block_y, uint32_t block_z, uint32_t shared_nbytes, void *stream,
                                  void **parameters, void **extra);

/* cuStreamSynchronize */
typedef int32_t (*ffis_cu_wait)(void *stream);

/* One launch, prepared; the caller keeps alive what it points to. */
struct ffis_launch {
    ffis_cu_launch launch;
    void *function;
    void *stream;
    void **parameters;
    uint32_t grid[3];
    uint32_t block[3];
};

static int32_t launch_once(const struct ffis_launch *one) {
    return one->launch(one->function, one->grid[0], one->grid[1], one->grid[2], one->block[0], one->block[1],
                       one->block[2], 0, one->stream, one->parameters, 0);
}

/* `times` launches by one crossing; returns the driver's first error, 0 where there is none. */
FFIS_EXPORT int32_t ffis_launch_n(const struct ffis_launch *one, uint32_t times) {
    for (uint32_t i = 0; i < times; i++) {
        const int32_t error = launch_once(one);
        if (error != 0) { return error; }
    }
    return 0;
}

/* `count` different launches, in turn, by one crossing; with `wait` (cuStreamSynchronize, or 0) each is waited for.
 * Returns the driver's first error. */
FFIS_EXPORT int32_t ffis_launch_list(const struct ffis_launch *list, uint32_t count, ffis_cu_wait wait) {
    for (uint32_t i = 0; i < count; i++) {
        int32_t error = launch_once(list + i);
        if (error == 0 && wait) { error = wait(list[i].stream); }
        if (error != 0) { return error; }
    }
    return 0;
}

/* cuGraphLaunch */
typedef int32_t (*ffis_cu_graph_launch)(void *executable, void *stream);

/* `times` launches of an executable graph by one crossing; returns the driver's first error, 0 where there is none. */
FFIS_EXPORT int32_t ffis_launch_graph_n(ffis_cu_graph_launch launch, void *executable, void *stream, uint32_t times) {
    for (uint32_t i = 0; i < times; i++) {
        const int32_t error = launch(executable, stream);
        if (error != 0) { return error; }
    }
    return 0;
}

/* cuLaunchKernel's signature with nothing behind it: what calling it costs a binding, without the driver. */
FFIS_EXPORT int32_t ffis_launch_nothing(void *function, uint32_t grid_x, uint32_t grid_y, uint32_t grid_z,
                                        uint32_t block_x, uint32_t block_y, uint32_t block_z, uint32_t shared_nbytes,
                                        void *stream, void **parameters, void **extra) {
    (void)function, (void)grid_x, (void)grid_y, (void)grid_z, (void)block_x, (void)block_y, (void)block_z;
    (void)shared_nbytes, (void)stream, (void)parameters, (void)extra;
    return 0;
}

/* The clock of Python's time.perf_counter_ns on Linux. */
static int64_t ffis_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* When *word was seen to be `value`, by that clock; -1 where it was not within timeout_ns. */
FFIS_EXPORT int64_t ffis_await_word(const volatile uint64_t *word, uint64_t value, int64_t timeout_ns) {
    const int64_t begin = ffis_clock_ns();
    for (uint32_t i = 0;; i++) {
        if (*word == value) { return ffis_clock_ns(); }
        if ((i & 1023) == 1023 && ffis_clock_ns() - begin > timeout_ns) { return -1; }
        FFIS_PAUSE();
    }
}

/* One launch with a ticket that the kernel (ffis_stamp) hands back in words[1]; times[0] is when it was asked for,
 * times[1] when the driver returned, times[2] when the ticket was seen. Returns the driver's error, or -1: too late. */
FFIS_EXPORT int32_t ffis_launch_stamp(const struct ffis_launch *one, const volatile uint64_t *words, uint64_t ticket,
                                      int64_t timeout_ns, int64_t times[3]) {
    times[0] = ffis_clock_ns();
    const int32_t error = launch_once(one);
    times[1] = ffis_clock_ns();
    if (error != 0) { return error; }
    times[2] = ffis_await_word(words + 1, ticket, timeout_ns);
    return times[2] < 0 ? -1 : 0;
}

/* One launch, and the driver's wait for its stream in place of a flag; times as above. Returns the driver's error. */
FFIS_EXPORT int32_t ffis_launch_wait(const struct ffis_launch *one, ffis_cu_wait wait, int64_t times[3]) {
    times[0] = ffis_clock_ns();
    const int32_t error = launch_once(one);
    times[1] = ffis_clock_ns();
    if (error != 0) { return error; }
    const int32_t late_error = wait(one->stream);
    times[2] = ffis_clock_ns();
    return late_error;
}

/* The host's side of ffis_pong: asked[i] and answered[i] are host times, between which the device read device_ns[i].
 * Returns how many rounds were answered in time. */
FFIS_EXPORT uint32_t ffis_ping(volatile uint64_t *words, uint32_t rounds, int64_t timeout_ns, int64_t *asked,
                               int64_t *answered, uint64_t *device_ns) {
    for (uint32_t i = 0; i < rounds; i++) {
        asked[i] = ffis_clock_ns();
        words[0] = i + 1;
        answered[i] = ffis_await_word(words + 2, i + 1, timeout_ns);
        if (answered[i] < 0) { return i; }
        device_ns[i] = words[1];
    }
    return rounds;
}
