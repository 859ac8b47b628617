/* The ring's client as a Python object: how it waits with and without the GIL, and what becomes of an answer.
 *
 * Compiled behind cext.h. toolchain/ring_source.py generates the methods that know signatures; those here know none.
 */
#include <sys/mman.h>

#include "ring_client.h"

typedef struct {
    PyObject_HEAD
    struct ffis_client client;
    PyObject *on_error;      /* on_error(reason, status) raises */
    PyThreadState *released; /* while we run without the GIL */
    uint32_t window;
    uint32_t worker_spin_ns;
    int is_busy;
    int is_retired;
} ffis_channel;

/* Why on_error is called; shm_ring.py has the same numbers. */
enum ffis_reason {
    FFIS_REASON_ENDED = 1,
    FFIS_REASON_DEADLINE,
    FFIS_REASON_RETIRED,
    FFIS_REASON_STATUS,
    FFIS_REASON_TOO_LARGE,
    FFIS_REASON_BUSY,
};

/* An answer mostly comes before it would pay to give the GIL away and take it again. */
enum { FFIS_HELD_NS = 2000, FFIS_LARGE_NBYTES = 65536 };

/* How a generated method wants its call: made and answered, only sent (its answer is collected later), or only encoded
 * into a request and decoded from a response that never leave this process.
 */
enum ffis_how { FFIS_EXCHANGE, FFIS_SUBMIT, FFIS_SERIALISE };

enum ffis_result {
    FFIS_RESULT_V, FFIS_RESULT_I8, FFIS_RESULT_U8, FFIS_RESULT_I16, FFIS_RESULT_U16, FFIS_RESULT_I32, FFIS_RESULT_U32,
    FFIS_RESULT_I64, FFIS_RESULT_U64, FFIS_RESULT_F32, FFIS_RESULT_F64,
};

FFIS_INLINE PyObject *ffis_make(int type, uint64_t slot) {
    float single;
    double number;
    switch (type) {
    case FFIS_RESULT_I8: return PyLong_FromLong((int8_t)slot);
    case FFIS_RESULT_U8: return PyLong_FromLong((uint8_t)slot);
    case FFIS_RESULT_I16: return PyLong_FromLong((int16_t)slot);
    case FFIS_RESULT_U16: return PyLong_FromLong((uint16_t)slot);
    case FFIS_RESULT_I32: return PyLong_FromLong((int32_t)slot);
    case FFIS_RESULT_U32: return PyLong_FromLong((uint32_t)slot);
    case FFIS_RESULT_I64: return PyLong_FromLong((int64_t)slot);
    case FFIS_RESULT_U64: return PyLong_FromUnsignedLong(slot);
    case FFIS_RESULT_F32: memcpy(&single, &slot, sizeof single); return PyFloat_FromDouble(single);
    case FFIS_RESULT_F64: memcpy(&number, &slot, sizeof number); return PyFloat_FromDouble(number);
    default: Py_RETURN_NONE;
    }
}

FFIS_INLINE uint64_t ffis_slot_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

FFIS_INLINE uint64_t ffis_slot_of_double(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

FFIS_INLINE void ffis_gil_release(ffis_channel *self) { self->released = PyEval_SaveThread(); }

FFIS_INLINE void ffis_gil_take(ffis_channel *self) {
    PyThreadState *state = self->released;
    self->released = NULL;
    PyEval_RestoreThread(state);
}

FFIS_COLD void *ffis_channel_fail(ffis_channel *self, int reason, uint32_t status) {
    if (self->on_error == NULL) { return PyErr_Format(PyExc_RuntimeError, "the channel is garbage that is collected"); }
    PyObject *nothing = PyObject_CallFunction(self->on_error, "iI", reason, status);
    if (nothing != NULL) {
        Py_DECREF(nothing);
        PyErr_Format(PyExc_SystemError, "on_error(%d, %u) did not raise", reason, status);
    }
    return NULL;
}

/* A channel serves one call at a time: another thread, or a signal's handler, may come while we wait. */
FFIS_INLINE int ffis_channel_enter(ffis_channel *self) {
    if (self->is_busy || self->is_retired) {
        ffis_channel_fail(self, self->is_busy ? FFIS_REASON_BUSY : FFIS_REASON_RETIRED, 0);
        return 0;
    }
    self->is_busy = 1;
    return 1;
}

FFIS_COLD int ffis_channel_await_long(ffis_channel *self) {
    struct ffis_client *client = &self->client;
    const uint64_t start_ns = ffis_ring_now_ns();
    while (client->spin_ns > 0 && ffis_ring_now_ns() - start_ns < FFIS_HELD_NS) {
        if (ffis_client_is_answered(client, FFIS_RING_TURNS)) { return 1; }
    }
    for (;;) {
        ffis_gil_release(self);
        const enum ffis_outcome outcome = ffis_client_wait(client, start_ns);
        ffis_gil_take(self);
        if (outcome == FFIS_ANSWERED) { return 1; }
        if (outcome != FFIS_SLICE_OVER) {
            self->is_retired = 1;
            ffis_client_abandon(client);
            ffis_channel_fail(self, outcome == FFIS_WORKER_ENDED ? FFIS_REASON_ENDED : FFIS_REASON_DEADLINE, 0);
            return 0;
        }
        if (PyErr_CheckSignals() < 0) {
            ffis_client_abandon(client); /* the exception lets the caller's buffers go */
            return 0;
        }
    }
}

/* Waits for the oldest answer and takes it; 0 with an exception set. */
FFIS_INLINE int ffis_channel_collect(ffis_channel *self, uint64_t *result, int *tag) {
    struct ffis_client *client = &self->client;
    if (!ffis_client_is_answered(client, client->spin_ns ? FFIS_RING_TURNS : 0) && !ffis_channel_await_long(self)) {
        return 0;
    }
    const int is_large = ffis_client_oldest_staged(client) >= FFIS_LARGE_NBYTES;
    if (is_large) { ffis_gil_release(self); }
    const uint32_t status = ffis_client_collect(client, result, tag);
    if (is_large) { ffis_gil_take(self); }
    return status == FFIS_OK || ffis_channel_fail(self, FFIS_REASON_STATUS, status) != NULL;
}

FFIS_INLINE int ffis_channel_send(ffis_channel *self, struct ffis_call *call, uint64_t staged_nbytes, int tag) {
    if (staged_nbytes < FFIS_LARGE_NBYTES) { return ffis_client_send(&self->client, call, staged_nbytes, tag); }
    ffis_gil_release(self);
    const int is_sent = ffis_client_send(&self->client, call, staged_nbytes, tag);
    ffis_gil_take(self);
    return is_sent;
}

/* Collects until at most `left` are outstanding; the last one's value, None where there was none. */
static PyObject *ffis_channel_drain_to(ffis_channel *self, uint32_t left) {
    uint64_t result = 0;
    int tag = FFIS_RESULT_V;
    while (self->client.count > left) {
        if (!ffis_channel_collect(self, &result, &tag)) { return NULL; }
    }
    return ffis_make(tag, result);
}

/* A call that is sent and answered, after everything that is outstanding. */
static int ffis_channel_exchange(ffis_channel *self, struct ffis_call *call, uint64_t staged_nbytes, uint64_t *result) {
    int tag;
    while (self->client.count > 0) {
        if (!ffis_channel_collect(self, result, &tag)) { return 0; }
    }
    ffis_channel_send(self, call, staged_nbytes, FFIS_RESULT_V); /* there is room: nothing is outstanding */
    return ffis_channel_collect(self, result, &tag);
}

/* A call that is sent. Returns the value of the oldest that had to be collected first, else None. */
static PyObject *ffis_channel_submit(ffis_channel *self, struct ffis_call *call, uint64_t staged_nbytes, int type) {
    PyObject *value = ffis_channel_drain_to(self, self->window - 1);
    while (value != NULL && !ffis_channel_send(self, call, staged_nbytes, type)) {
        Py_DECREF(value);
        value = ffis_channel_drain_to(self, self->client.count - 1);
    }
    return value;
}

/* The barriers keep the compiler from leaving out what nobody reads. */
static PyObject *ffis_channel_serialise(const struct ffis_call *call, int type) {
    struct ffis_request request;
    struct ffis_response response = {.result = 1};
    ffis_request_fill(&request, call);
    __asm__ volatile("" : : "r"(&request), "r"(&response) : "memory");
    return ffis_make(type, response.result);
}

/* What every generated method ends with; `type` is what the kernel returns. */
static __attribute__((unused)) PyObject *ffis_channel_perform(ffis_channel *self, struct ffis_call *call, int how,
                                                              int type) {
    const uint64_t need = call->pieces_count > 0 ? ffis_staging_need(&self->client.staging, call) : 0;
    if (need > self->client.staging.end - self->client.staging.start) {
        return ffis_channel_fail(self, FFIS_REASON_TOO_LARGE, 0);
    }
    if (how == FFIS_SERIALISE) { return ffis_channel_serialise(call, type); }
    if (!ffis_channel_enter(self)) { return NULL; }
    PyObject *value = NULL;
    uint64_t result = 0;
    if (how == FFIS_SUBMIT) {
        value = ffis_channel_submit(self, call, need, type);
    } else if (ffis_channel_exchange(self, call, need, &result)) {
        value = ffis_make(type, result);
    }
    self->is_busy = 0;
    return value;
}
