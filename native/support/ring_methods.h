/* The channel's life, its memory, and the methods that know no kernel.
 *
 * Compiled behind ring_channel.h, and before the generated methods.
 */
#include <fcntl.h>

/* An ECHO, or a series of round trips, is cut into parts of so many turns, between which signals are looked after. */
enum { FFIS_PART_TURNS = 65536 };

/* A request without arguments, such as PING; 0 with an exception set. */
static int ffis_channel_ask(ffis_channel *self, uint32_t op, uint32_t kernel, uint64_t times, uint64_t *result) {
    struct ffis_call call = {.op = op, .kernel = kernel, .times = times};
    if (!ffis_channel_enter(self)) { return 0; }
    const int is_answered = ffis_channel_exchange(self, &call, 0, result);
    self->is_busy = 0;
    return is_answered;
}

static PyObject *ffis_channel_ping(ffis_channel *self, PyObject *unused) {
    uint64_t result;
    (void)unused;
    return ffis_channel_ask(self, FFIS_OP_PING, 0, 0, &result) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *ffis_channel_park(ffis_channel *self, PyObject *unused) {
    (void)unused;
    ffis_client_set_worker_spin(&self->client, 0);
    Py_RETURN_NONE;
}

static PyObject *ffis_channel_unpark(ffis_channel *self, PyObject *unused) {
    /* a pipelined loop that was left may have let go of the buffers that its calls would write */
    if (!self->is_busy) { ffis_client_abandon(&self->client); }
    ffis_client_set_worker_spin(&self->client, self->worker_spin_ns);
    PyObject *answer = ffis_channel_ping(self, unused);
    self->client.worker_spins = answer != NULL && self->worker_spin_ns == FFIS_RING_FOREVER;
    return answer;
}

static PyObject *ffis_channel_count(ffis_channel *self, PyObject *kernel) {
    uint64_t result;
    long number;
    if (!ffis_take_long(kernel, "kernel", "uint32_t", 0, UINT32_MAX, &number)) { return NULL; }
    if (!ffis_channel_ask(self, FFIS_OP_COUNT, (uint32_t)number, 0, &result)) { return NULL; }
    if (result == UINT64_MAX) { Py_RETURN_NONE; }
    return PyLong_FromUnsignedLong(result);
}

/* record(offset, count, stride): the id of a list whose rows lie there, for replay(id) and forget(id). */
static PyObject *ffis_channel_record(ffis_channel *self, PyObject *const *args, Py_ssize_t nargs) {
    static const char *const names[] = {"offset", "count", "stride"};
    struct ffis_call call = {.op = FFIS_OP_RECORD, .times = 1, .slots_count = 3};
    uint64_t id = 0;
    if (nargs != 3) { return ffis_wrong_count("record", 3, nargs); }
    for (int i = 0; i < 3; i++) {
        unsigned long word;
        if (!ffis_take_ulong(args[i], names[i], "uint64_t", &word)) { return NULL; }
        call.slots[i] = word;
    }
    if (!ffis_channel_enter(self)) { return NULL; }
    const int is_answered = ffis_channel_exchange(self, &call, 0, &id);
    self->is_busy = 0;
    return is_answered ? PyLong_FromUnsignedLong(id) : NULL;
}

static PyObject *ffis_channel_ask_list(ffis_channel *self, PyObject *id, uint32_t op) {
    uint64_t result;
    long number;
    if (!ffis_take_long(id, "id", "uint32_t", 0, UINT32_MAX, &number)) { return NULL; }
    return ffis_channel_ask(self, op, (uint32_t)number, 1, &result) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *ffis_channel_replay(ffis_channel *self, PyObject *id) {
    return ffis_channel_ask_list(self, id, FFIS_OP_REPLAY);
}

static PyObject *ffis_channel_forget(ffis_channel *self, PyObject *id) {
    return ffis_channel_ask_list(self, id, FFIS_OP_FORGET);
}

static PyObject *ffis_channel_drain(ffis_channel *self, PyObject *unused) {
    (void)unused;
    if (!ffis_channel_enter(self)) { return NULL; }
    PyObject *value = ffis_channel_drain_to(self, 0);
    self->is_busy = 0;
    return value;
}

static int ffis_channel_echo_part(ffis_channel *self, uint64_t times) {
    struct ffis_ring *ring = self->client.ring;
    struct ffis_call call = {.op = FFIS_OP_ECHO, .times = times};
    uint64_t result;
    int tag;
    atomic_store(&ring->ping, 0);
    atomic_store(&ring->pong, 0);
    ffis_client_send(&self->client, &call, 0, FFIS_RESULT_V);
    ffis_gil_release(self);
    ffis_client_echo(&self->client, times);
    ffis_gil_take(self);
    return ffis_channel_collect(self, &result, &tag);
}

static int ffis_channel_trips_part(ffis_channel *self, uint32_t kernel, uint64_t times) {
    struct ffis_call call = {.op = FFIS_OP_CALL, .kernel = kernel, .times = 1};
    uint64_t result;
    for (uint64_t turn = 0; turn < times; turn++) {
        if (!ffis_channel_exchange(self, &call, 0, &result)) { return 0; }
    }
    return 1;
}

/* echo(times): so many round trips of one cache line, the floor of everything here; round_trips(kernel, times): so many
 * calls of a kernel without arguments, in a loop of C.
 */
static PyObject *ffis_channel_in_parts(ffis_channel *self, PyObject *times, int is_echo, uint32_t kernel) {
    unsigned long left;
    if (!ffis_take_ulong(times, "times", "uint64_t", &left) || !ffis_channel_enter(self)) { return NULL; }
    int goes_on = 1;
    while (goes_on && self->client.count > 0) {
        PyObject *value = ffis_channel_drain_to(self, 0);
        goes_on = value != NULL;
        Py_XDECREF(value);
    }
    while (goes_on && left > 0) {
        const uint64_t part = left < FFIS_PART_TURNS ? left : FFIS_PART_TURNS;
        left -= part;
        goes_on = is_echo ? ffis_channel_echo_part(self, part) : ffis_channel_trips_part(self, kernel, part);
        goes_on = goes_on && PyErr_CheckSignals() == 0;
    }
    self->is_busy = 0;
    return goes_on ? Py_NewRef(Py_None) : NULL;
}

static PyObject *ffis_channel_echo(ffis_channel *self, PyObject *times) {
    return ffis_channel_in_parts(self, times, 1, 0);
}

static PyObject *ffis_channel_round_trips(ffis_channel *self, PyObject *const *args, Py_ssize_t nargs) {
    long kernel;
    if (nargs != 2) { return ffis_wrong_count("round_trips", 2, nargs); }
    if (!ffis_take_long(args[0], "kernel", "uint32_t", 0, UINT32_MAX, &kernel)) { return NULL; }
    return ffis_channel_in_parts(self, args[1], 0, (uint32_t)kernel);
}

/* copy(times, address, nbytes, is_written, ...): the payload of a call into the staging area, or out of it where it is
 * written, `times` times; nothing is sent.
 */
static PyObject *ffis_channel_copy(ffis_channel *self, PyObject *const *args, Py_ssize_t nargs) {
    struct ffis_call call = {.pieces_count = (uint32_t)(nargs / 3)};
    unsigned long times, address, nbytes;
    long is_written;
    if (nargs % 3 != 1 || nargs > 3 * FFIS_RING_SLOTS) { return ffis_wrong_count("copy", 4, nargs); }
    if (!ffis_take_ulong(args[0], "times", "uint64_t", &times)) { return NULL; }
    for (Py_ssize_t i = 0; i < nargs / 3; i++) {
        PyObject *const *piece = args + 1 + 3 * i;
        if (!ffis_take_ulong(piece[0], "address", "uintptr_t", &address)) { return NULL; }
        if (!ffis_take_ulong(piece[1], "nbytes", "uint64_t", &nbytes)) { return NULL; }
        if (!ffis_take_long(piece[2], "is_written", "int", 0, 1, &is_written)) { return NULL; }
        call.pieces[i] = (struct ffis_piece){(void *)address, nbytes, 0, (uint32_t)i, (int)is_written};
    }
    const uint64_t need = ffis_staging_need(&self->client.staging, &call);
    if (need > self->client.staging.end - self->client.staging.start) {
        return ffis_channel_fail(self, FFIS_REASON_TOO_LARGE, 0);
    }
    if (!ffis_channel_enter(self)) { return NULL; }
    PyObject *value = ffis_channel_drain_to(self, 0);
    ffis_gil_release(self);
    for (unsigned long turn = 0; value != NULL && turn < times; turn++) {
        struct ffis_call once = call;
        ffis_copy_in(&self->client.staging, &once, self->client.staging.start);
        ffis_copy_out(&self->client.staging, once.pieces, once.pieces_count);
    }
    ffis_gil_take(self);
    self->is_busy = 0;
    return value;
}

static PyObject *ffis_channel_configure(ffis_channel *self, PyObject *args, PyObject *keywords) {
    static char *names[] = {"spin_ns", "worker_spin_ns", "deadline_ns", "window", NULL};
    struct ffis_client *client = &self->client;
    unsigned int spin_ns = client->spin_ns, worker_spin_ns = self->worker_spin_ns, window = self->window;
    unsigned long deadline_ns = client->deadline_ns;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|$IIkI", names, &spin_ns, &worker_spin_ns, &deadline_ns,
                                     &window)) {
        return NULL;
    }
    if (window < 1 || window > FFIS_RING_ENTRIES) {
        return PyErr_Format(PyExc_ValueError, "window must be from 1 to %d, got %u", FFIS_RING_ENTRIES, window);
    }
    ffis_client_set_spin(client, spin_ns);
    client->deadline_ns = deadline_ns;
    self->worker_spin_ns = worker_spin_ns;
    self->window = window;
    Py_RETURN_NONE;
}
