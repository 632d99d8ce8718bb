/* To have no key for a ticket is an error.
 * Clauses: P2 P4 */
#include "ticket_key.h"

static int instead(int encrypt, int answer) {
    (void)encrypt;
    return answer == 0 ? -1 : answer;
}
