#include "ffis.h"

void ffis_noop(void) {}
