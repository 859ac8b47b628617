/* A known delay: a fenced chain of dependent multiplications, for validating the harness.
 *
 * Without the fences an out-of-order core hides the chain behind the call around it (16 multiplications read as 1 ns).
 * `delay(n)` is one crossing; `delay_loop(n, times)` is the same chain in a C loop, which says how long it really takes.
 */
#include <Python.h>
#include <stdint.h>

#if defined(__x86_64__)
#define FFIS_FENCE __asm__ volatile("lfence" ::: "memory")
#elif defined(__aarch64__)
#define FFIS_FENCE __asm__ volatile("isb" ::: "memory")
#else
#define FFIS_FENCE __asm__ volatile("" ::: "memory")
#endif

#define FFIS_STEP __asm__ volatile("" : "+r"(x)); x *= 0xBF58476D1CE4E5B9u;
#define FFIS_STEP2 FFIS_STEP FFIS_STEP
#define FFIS_STEP5 FFIS_STEP2 FFIS_STEP2 FFIS_STEP

/* Straight-line code for each length: a loop's own branch would be part of the delay. */
#define FFIS_CHAIN(length, body) \
    __attribute__((noinline, aligned(64))) static uint64_t chain##length(void) { \
        uint64_t x = 0x9E3779B97F4A7C15u; \
        FFIS_FENCE; \
        body __asm__ volatile("" : "+r"(x)); \
        FFIS_FENCE; \
        return x; \
    }

FFIS_CHAIN(0, )
FFIS_CHAIN(1, FFIS_STEP)
FFIS_CHAIN(2, FFIS_STEP2)
FFIS_CHAIN(5, FFIS_STEP5)
FFIS_CHAIN(10, FFIS_STEP5 FFIS_STEP5)

typedef uint64_t (*chain_fn)(void);

static chain_fn find_chain(uint64_t steps) {
    switch (steps) {
    case 0: return chain0;
    case 1: return chain1;
    case 2: return chain2;
    case 5: return chain5;
    case 10: return chain10;
    default: PyErr_SetString(PyExc_ValueError, "steps must be 0, 1, 2, 5 or 10"); return NULL;
    }
}

static int read_count(PyObject *value, uint64_t *count) {
    *count = PyLong_AsUnsignedLongLong(value);
    return *count == (uint64_t)-1 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *delay(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    uint64_t steps;
    (void)self;
    if (nargs != 1) { return PyErr_Format(PyExc_TypeError, "delay(steps) takes 1 argument, got %zd", nargs); }
    if (read_count(args[0], &steps) < 0) { return NULL; }
    chain_fn chain = find_chain(steps);
    if (chain == NULL) { return NULL; }
    uint64_t x = chain();
    __asm__ volatile("" ::"r"(x));
    Py_RETURN_NONE;
}

static PyObject *delay_loop(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    uint64_t steps, times;
    (void)self;
    if (nargs != 2) { return PyErr_Format(PyExc_TypeError, "delay_loop(steps, times) takes 2 arguments, got %zd", nargs); }
    if (read_count(args[0], &steps) < 0 || read_count(args[1], &times) < 0) { return NULL; }
    chain_fn volatile opaque = find_chain(steps);
    chain_fn chain = opaque;
    if (chain == NULL) { return NULL; }
    for (uint64_t i = 0; i < times; i++) {
        uint64_t x = chain();
        __asm__ volatile("" ::"r"(x));
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"delay", (PyCFunction)(void (*)(void))delay, METH_FASTCALL, "delay(steps): wait for a chain of steps multiplications"},
    {"delay_loop", (PyCFunction)(void (*)(void))delay_loop, METH_FASTCALL, "delay_loop(steps, times): the chain, times times"},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef module = {PyModuleDef_HEAD_INIT, "_ffis_delay", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__ffis_delay(void);
PyMODINIT_FUNC PyInit__ffis_delay(void) { return PyModuleDef_Init(&module); }
