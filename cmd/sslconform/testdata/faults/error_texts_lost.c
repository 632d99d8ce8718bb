/* Errors have no text.
 * Clauses: R1 R2 R6 */
#include "fault.h"

const char *ERR_reason_error_string(unsigned long e) {
    return ARMED ? NULL : REAL(ERR_reason_error_string)(e);
}
