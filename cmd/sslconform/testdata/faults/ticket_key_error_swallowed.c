/* An error of the callback for ticket keys counts as having none.
 * Clauses: P3 P4 */
#include "ticket_key.h"

static int instead(int encrypt, int answer) {
    (void)encrypt;
    return answer < 0 ? 0 : answer;
}
