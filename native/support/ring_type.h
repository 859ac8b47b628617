/* The type Channel: how it comes and goes, and its arena as a buffer.
 *
 * Compiled behind ring_methods.h; the generated table of methods ffis_channel_methods follows.
 */

/* watch(pidfd): from now on the end of this process ends a wait; the descriptor is duplicated. */
static PyObject *ffis_channel_watch(ffis_channel *self, PyObject *pidfd) {
    long number;
    if (!ffis_take_long(pidfd, "pidfd", "int", 0, INT_MAX, &number)) { return NULL; }
    const int own = fcntl((int)number, F_DUPFD_CLOEXEC, 3);
    if (own < 0) { return PyErr_SetFromErrno(PyExc_OSError); }
    if (self->client.pidfd >= 0) { close(self->client.pidfd); }
    self->client.pidfd = own;
    Py_RETURN_NONE;
}

/* retire(): every later call is refused through on_error. */
static PyObject *ffis_channel_retire(ffis_channel *self, PyObject *unused) {
    (void)unused;
    self->is_retired = 1;
    Py_RETURN_NONE;
}

static PyObject *ffis_channel_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"fd", "nbytes", "staging_nbytes", "on_error", "first", NULL};
    unsigned long nbytes, staging_nbytes;
    unsigned int first = 0;
    int fd;
    PyObject *on_error;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "ikkO|I", names, &fd, &nbytes, &staging_nbytes, &on_error,
                                     &first)) {
        return NULL;
    }
    if (nbytes < FFIS_RING_NBYTES || staging_nbytes > nbytes - FFIS_RING_NBYTES || staging_nbytes % FFIS_ALIGNMENT) {
        return PyErr_Format(PyExc_ValueError, "no ring with %lu bytes for staging fits in %lu", staging_nbytes, nbytes);
    }
    void *memory = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) { return PyErr_SetFromErrno(PyExc_OSError); }
    ffis_channel *self = (ffis_channel *)type->tp_alloc(type, 0);
    if (self == NULL) {
        munmap(memory, nbytes);
        return NULL;
    }
    ffis_client_start(&self->client, memory, nbytes, staging_nbytes, first);
    self->client.deadline_ns = UINT64_C(10000000000);
    self->window = 1;
    self->on_error = Py_NewRef(on_error);
    return (PyObject *)self;
}

static int ffis_channel_traverse(ffis_channel *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->on_error);
    return 0;
}

static int ffis_channel_clear(ffis_channel *self) {
    Py_CLEAR(self->on_error);
    self->is_retired = 1;
    return 0;
}

static void ffis_channel_dealloc(ffis_channel *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    ffis_channel_clear(self);
    if (self->client.pidfd >= 0) { close(self->client.pidfd); }
    munmap(self->client.ring, self->client.staging.nbytes);
    type->tp_free(self);
    Py_DECREF(type);
}

/* The arena: buffers that are put there stay in place. It is mapped for as long as somebody holds a view. */
static int ffis_channel_getbuffer(ffis_channel *self, Py_buffer *view, int flags) {
    const struct ffis_staging *staging = &self->client.staging;
    const Py_ssize_t nbytes = (Py_ssize_t)(staging->nbytes - staging->end);
    return PyBuffer_FillInfo(view, (PyObject *)self, staging->memory + staging->end, nbytes, 0, flags);
}

static PyMethodDef ffis_channel_methods[];

static int ffis_add_type(PyObject *module) {
    PyType_Slot slots[] = {
        {Py_tp_new, ffis_channel_new},
        {Py_tp_dealloc, ffis_channel_dealloc},
        {Py_tp_traverse, ffis_channel_traverse},
        {Py_tp_clear, ffis_channel_clear},
        {Py_tp_methods, ffis_channel_methods},
        {Py_bf_getbuffer, ffis_channel_getbuffer},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = "_ffis_ring.Channel",
        .basicsize = sizeof(ffis_channel),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
        .slots = slots,
    };
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL) { return -1; }
    const int failure = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return failure;
}

/* Where things lie, for a client that does not know this header. */
static int ffis_add_layout(PyObject *module) {
    static const struct {
        const char *name;
        size_t offset;
    } places[] = {
        {"FIRST", offsetof(struct ffis_ring, first)},
        {"LAYOUT", offsetof(struct ffis_ring, layout)},
        {"REQUEST_BELL", offsetof(struct ffis_ring, request_bell)},
        {"WORKER_SPIN_NS", offsetof(struct ffis_ring, worker_spin_ns)},
        {"CLIENT_SPINS", offsetof(struct ffis_ring, client_spins)},
        {"REQUESTS", offsetof(struct ffis_ring, requests)},
        {"RESPONSES", offsetof(struct ffis_ring, responses)},
        {"RING_NBYTES", FFIS_RING_NBYTES},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (PyModule_AddIntConstant(module, places[i].name, (long)places[i].offset) < 0) { return -1; }
    }
    return 0;
}
