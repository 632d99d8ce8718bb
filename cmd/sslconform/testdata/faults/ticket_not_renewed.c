/* A ticket that the callback for keys wants renewed is taken and stays.
 * Clauses: P4 TK-18 TK-23 */
#include "ticket_key.h"

static int instead(int encrypt, int answer) {
    return !encrypt && answer == 2 ? 1 : answer;
}
