/* What every generated CPython extension needs: exact conversions of arguments, and buffers that are checked.
 *
 * harness/ffi_spectrum/toolchain/cext_source.py copies this text to the top of what it generates. A function that
 * returns int gives 1, or 0 with a Python exception set.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>

_Static_assert(sizeof(long) == sizeof(int64_t), "64-bit arguments are converted as long");

#define FFIS_INLINE static inline __attribute__((unused))
#define FFIS_COLD static __attribute__((unused, cold, noinline))

#if FFIS_RELEASE_GIL
#define FFIS_ENTER Py_BEGIN_ALLOW_THREADS
#define FFIS_LEAVE Py_END_ALLOW_THREADS
#else
#define FFIS_ENTER
#define FFIS_LEAVE
#endif

FFIS_COLD PyObject *ffis_wrong_count(const char *function, int expected, Py_ssize_t given) {
    return PyErr_Format(PyExc_TypeError, "%s() takes %d arguments (%zd given)", function, expected, given);
}

FFIS_COLD int ffis_out_of_range(PyObject *object, const char *name, const char *type) {
    PyErr_Format(PyExc_OverflowError, "argument '%s': %R does not fit in %s", name, object, type);
    return 0;
}

FFIS_COLD int ffis_not_converted(PyObject *object, const char *name, const char *type) {
    if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
        return ffis_out_of_range(object, name, type);
    }
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Format(PyExc_TypeError, "argument '%s': expected %s, got %s", name, type, Py_TYPE(object)->tp_name);
    }
    return 0;
}

/* Integers that fit in int64_t, from `low` to `high`; an object with __index__ counts as one, a float does not. */
FFIS_INLINE int ffis_take_long(PyObject *object, const char *name, const char *type, long low, long high, long *value) {
    *value = PyLong_AsLong(object);
    if (*value == -1 && PyErr_Occurred()) {
        return ffis_not_converted(object, name, type);
    }
    return (*value >= low && *value <= high) || ffis_out_of_range(object, name, type);
}

FFIS_INLINE int ffis_take_ulong(PyObject *object, const char *name, const char *type, unsigned long *value) {
    if (PyLong_Check(object)) {
        *value = PyLong_AsUnsignedLong(object);
    } else {
        PyObject *integer = PyNumber_Index(object);
        *value = integer ? PyLong_AsUnsignedLong(integer) : (unsigned long)-1;
        Py_XDECREF(integer);
    }
    return !(*value == (unsigned long)-1 && PyErr_Occurred()) || ffis_not_converted(object, name, type);
}

FFIS_INLINE int ffis_take_double(PyObject *object, const char *name, const char *type, double *value) {
    *value = PyFloat_CheckExact(object) ? PyFloat_AS_DOUBLE(object) : PyFloat_AsDouble(object);
    return !(*value == -1.0 && PyErr_Occurred()) || ffis_not_converted(object, name, type);
}

/* Rounds to float; a finite number that would become infinite is refused, as struct.pack("<f", ...) does. */
FFIS_INLINE int ffis_take_float(PyObject *object, const char *name, const char *type, float *value) {
    double exact;
    if (!ffis_take_double(object, name, type, &exact)) {
        return 0;
    }
    *value = (float)exact;
    return !(isinf(*value) && isfinite(exact)) || ffis_out_of_range(object, name, type);
}

/* Items of native byte order whose struct code is of `kind`: 'i' signed, 'u' unsigned, 'f' floating. */
FFIS_INLINE int ffis_is_kind(const char *format, char kind) {
    if (format == NULL) {
        return kind == 'u'; /* PEP 3118: no format means unsigned bytes */
    }
    if (*format == '@' || *format == '=' || *format == (PY_LITTLE_ENDIAN ? '<' : '>')) {
        format++;
    }
    if (*format == '\0' || format[1] != '\0') {
        return 0;
    }
    switch (*format) {
    case 'f': case 'd': return kind == 'f';
    case 'b': case 'h': case 'i': case 'l': case 'q': case 'n': return kind == 'i';
    case 'B': case 'H': case 'I': case 'L': case 'Q': case 'N': return kind == 'u';
    default: return 0;
    }
}

FFIS_COLD int ffis_no_buffer(PyObject *object, const char *name, const char *type, int is_written) {
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        return ffis_not_converted(object, name, type);
    }
    if (PyErr_ExceptionMatches(PyExc_BufferError) || PyErr_ExceptionMatches(PyExc_ValueError)) {
        /* exporters differ: NumPy raises ValueError, bytes and memoryview BufferError */
        PyErr_Format(PyExc_BufferError, "argument '%s': this %s gives no C-contiguous%s buffer", name,
                     Py_TYPE(object)->tp_name, is_written ? ", writable" : "");
    }
    return 0;
}

FFIS_COLD int ffis_wrong_items(Py_buffer *view, const char *name, const char *type) {
    PyErr_Format(PyExc_TypeError, "argument '%s': expected items of %s, got format '%s' with %zd bytes each", name,
                 type, view->format ? view->format : "B", view->itemsize);
    PyBuffer_Release(view);
    return 0;
}

FFIS_COLD int ffis_misaligned(Py_buffer *view, const char *name, const char *type) {
    PyErr_Format(PyExc_BufferError, "argument '%s': the buffer is not aligned for %s", name, type);
    PyBuffer_Release(view);
    return 0;
}

/* A C-contiguous buffer of items of `kind` and `width` bytes; the caller releases the view where this gives 1. */
FFIS_INLINE int ffis_acquire(PyObject *object, Py_buffer *view, const char *name, const char *type, char kind,
                             Py_ssize_t width, int is_written) {
    int flags = PyBUF_ND | PyBUF_FORMAT | (is_written ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags) < 0) {
        return ffis_no_buffer(object, name, type, is_written);
    }
    if (view->itemsize != width || !ffis_is_kind(view->format, kind)) {
        return ffis_wrong_items(view, name, type);
    }
    if (view->len > 0 && (uintptr_t)view->buf % (size_t)width != 0) {
        return ffis_misaligned(view, name, type);
    }
    return 1;
}

/* a * b, or UINT64_MAX where that does not fit: no buffer is so large. */
FFIS_INLINE uint64_t ffis_product(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

FFIS_COLD int ffis_too_short(Py_buffer *view, const char *name, uint64_t nbytes) {
    PyErr_Format(PyExc_ValueError, "argument '%s': the buffer has %zd bytes, the lengths ask for %llu", name, view->len,
                 (unsigned long long)nbytes);
    return 0;
}

FFIS_INLINE int ffis_holds(Py_buffer *view, const char *name, uint64_t nbytes) {
    return (uint64_t)view->len >= nbytes || ffis_too_short(view, name, nbytes);
}
