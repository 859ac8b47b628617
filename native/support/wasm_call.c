/* Python module _ffis_wasm_call: WebAssembly functions as built-in functions, through wasmtime's unchecked entry.
 *
 * Compiled behind cext.h and wasm_slots.h. The entry checks nothing, so what a typed call would check is checked here:
 * count, kind and range of arguments, and that the function belongs to the store. Whether the kinds are those of the
 * function is what rungs/unchecked.py compares before it binds.
 */

enum { FFIS_MAX_PARAMETERS = 16 };

/* One store. `owner` keeps the engine, the store and the instance alive; it must not refer back to this object. */
typedef struct {
    PyObject_HEAD
    ffis_entry entry;
    void *context;
    uint64_t store_id;
    PyObject *owner;
    PyObject *on_failure;
    int release_gil;
    int busy; /* the GIL guards it: set before the GIL is released, cleared after it was taken back */
} StoreObject;

/* One function of a store: the `self` of the built-in function that callers get. */
typedef struct {
    PyObject_HEAD
    StoreObject *store;
    ffis_func func;
    Py_ssize_t nparams;
    size_t nslots;
    char kinds[FFIS_MAX_PARAMETERS];
    const char *names[FFIS_MAX_PARAMETERS];
    char result;
    PyObject *names_owner;
    PyObject *symbol;
    PyMethodDef method;
} FunctionObject;

/* `on_failure(symbol, error, trap)` owns both pointers and raises. */
FFIS_COLD PyObject *ffis_fail(FunctionObject *self, void *error, void *trap) {
    unsigned long long error_at = (uintptr_t)error, trap_at = (uintptr_t)trap;
    PyObject *returned = PyObject_CallFunction(self->store->on_failure, "OKK", self->symbol, error_at, trap_at);
    if (returned != NULL) {
        Py_DECREF(returned);
        PyErr_SetString(PyExc_SystemError, "the failure handler of a WebAssembly call did not raise");
    }
    return NULL;
}

FFIS_COLD PyObject *ffis_refuse_busy(FunctionObject *self) {
    return PyErr_Format(PyExc_RuntimeError,
                        "%U: another thread is inside this store; give each thread a store of its own", self->symbol);
}

FFIS_INLINE int ffis_put_all(FunctionObject *self, PyObject *const *arguments, Py_ssize_t count, ffis_raw *slots) {
    if (count != self->nparams) {
        ffis_wrong_count(self->method.ml_name, (int)self->nparams, count);
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!ffis_put(&slots[i], self->kinds[i], arguments[i], self->names[i])) { return 0; }
    }
    return 1;
}

static PyObject *call_held(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
    FunctionObject *self = (FunctionObject *)object;
    StoreObject *store = self->store;
    ffis_raw slots[FFIS_MAX_PARAMETERS];
    void *trap = NULL;
    if (!ffis_put_all(self, arguments, count, slots)) { return NULL; }
    void *error = store->entry(store->context, &self->func, slots, self->nslots, &trap);
    if (__builtin_expect(error != NULL || trap != NULL, 0)) { return ffis_fail(self, error, trap); }
    return ffis_get(&slots[0], self->result);
}

static PyObject *call_released(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
    FunctionObject *self = (FunctionObject *)object;
    StoreObject *store = self->store;
    ffis_raw slots[FFIS_MAX_PARAMETERS];
    void *trap = NULL;
    void *error;
    if (!ffis_put_all(self, arguments, count, slots)) { return NULL; }
    if (store->busy) { return ffis_refuse_busy(self); } /* after the conversions: an __index__ may run any code */
    store->busy = 1;
    Py_BEGIN_ALLOW_THREADS
    error = store->entry(store->context, &self->func, slots, self->nslots, &trap);
    Py_END_ALLOW_THREADS
    store->busy = 0;
    if (__builtin_expect(error != NULL || trap != NULL, 0)) { return ffis_fail(self, error, trap); }
    return ffis_get(&slots[0], self->result);
}

static void function_dealloc(PyObject *object) {
    FunctionObject *self = (FunctionObject *)object;
    Py_XDECREF(self->store);
    Py_XDECREF(self->names_owner);
    Py_XDECREF(self->symbol);
    Py_TYPE(object)->tp_free(object);
}

static PyTypeObject function_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_ffis_wasm_call.Function",
    .tp_basicsize = sizeof(FunctionObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = function_dealloc,
};

/* Fills kinds and names; 0 with ValueError where they do not fit together. */
static int take_signature(FunctionObject *self, const char *kinds, PyObject *names, const char *result) {
    self->nparams = (Py_ssize_t)strlen(kinds);
    if (self->nparams > FFIS_MAX_PARAMETERS || self->nparams != PyTuple_GET_SIZE(names) ||
        strspn(kinds, "iIqQfd") != strlen(kinds) || strspn(result, "iIqQfdv") != 1 || strlen(result) != 1) {
        PyErr_Format(PyExc_ValueError, "%U: no signature: %s -> %s", self->symbol, kinds, result);
        return 0;
    }
    memcpy(self->kinds, kinds, (size_t)self->nparams);
    for (Py_ssize_t i = 0; i < self->nparams; i++) {
        self->names[i] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i));
        if (self->names[i] == NULL) { return 0; }
    }
    self->result = result[0];
    self->nslots = (size_t)self->nparams > (*result != 'v') ? (size_t)self->nparams : (*result != 'v');
    self->names_owner = Py_NewRef(names);
    return 1;
}

static PyObject *store_bind(PyObject *object, PyObject *arguments) {
    StoreObject *store = (StoreObject *)object;
    PyObject *symbol, *names;
    const char *kinds, *result, *func;
    Py_ssize_t func_nbytes;
    if (!PyArg_ParseTuple(arguments, "Uy#sO!s", &symbol, &func, &func_nbytes, &kinds, &PyTuple_Type, &names, &result)) {
        return NULL;
    }
    FunctionObject *self = PyObject_New(FunctionObject, &function_type);
    if (self == NULL) { return NULL; }
    self->store = (StoreObject *)Py_NewRef(object);
    self->symbol = Py_NewRef(symbol);
    self->names_owner = NULL;
    PyObject *bound = NULL;
    if (func_nbytes != (Py_ssize_t)sizeof self->func) {
        PyErr_Format(PyExc_ValueError, "%U: a func has %zu bytes, not %zd", symbol, sizeof self->func, func_nbytes);
        goto done;
    }
    memcpy(&self->func, func, sizeof self->func);
    if (self->func.store_id != store->store_id) {
        PyErr_Format(PyExc_ValueError, "%U belongs to another store", symbol);
        goto done;
    }
    if (!take_signature(self, kinds, names, result)) { goto done; }
    self->method.ml_name = PyUnicode_AsUTF8(symbol);
    self->method.ml_meth = (PyCFunction)(void (*)(void))(store->release_gil ? call_released : call_held);
    self->method.ml_flags = METH_FASTCALL; /* without arguments too: CPython 3.11 does not specialise METH_NOARGS */
    self->method.ml_doc = NULL;
    if (self->method.ml_name != NULL) { bound = PyCFunction_New(&self->method, (PyObject *)self); }
done:
    Py_DECREF(self);
    return bound;
}

static PyMethodDef store_methods[] = {
    {"bind", store_bind, METH_VARARGS, "bind(symbol, func, kinds, names, result): a function that calls `func`"},
    {NULL, NULL, 0, NULL},
};

static PyObject *store_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"entry", "context", "store_id", "owner", "on_failure", "release_gil", NULL};
    unsigned long long entry, context, store_id;
    PyObject *owner, *on_failure;
    int release_gil;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "KKKOOp", names, &entry, &context, &store_id, &owner,
                                     &on_failure, &release_gil)) {
        return NULL;
    }
    StoreObject *self = (StoreObject *)type->tp_alloc(type, 0);
    if (self == NULL) { return NULL; }
    self->entry = (ffis_entry)(uintptr_t)entry;
    self->context = (void *)(uintptr_t)context;
    self->store_id = store_id;
    self->owner = Py_NewRef(owner);
    self->on_failure = Py_NewRef(on_failure);
    self->release_gil = release_gil;
    return (PyObject *)self;
}

static void store_dealloc(PyObject *object) {
    StoreObject *self = (StoreObject *)object;
    Py_XDECREF(self->owner);
    Py_XDECREF(self->on_failure);
    Py_TYPE(object)->tp_free(object);
}

static PyTypeObject store_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_ffis_wasm_call.Store",
    .tp_basicsize = sizeof(StoreObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "Store(entry, context, store_id, owner, on_failure, release_gil)",
    .tp_new = store_new,
    .tp_dealloc = store_dealloc,
    .tp_methods = store_methods,
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_ffis_wasm_call", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__ffis_wasm_call(void) {
    if (PyType_Ready(&function_type) < 0) { return NULL; }
    PyObject *self = PyModule_Create(&module);
    if (self != NULL && PyModule_AddType(self, &store_type) < 0) { Py_CLEAR(self); }
    return self;
}
