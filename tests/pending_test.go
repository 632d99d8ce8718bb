//go:build pending

package tests

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-libssl/libssl/internal/testutil/pair"
)

// What the connection has yet to learn: these tests fail, so only go test -tags pending runs them.

// When it has returned nothing of it is left: nobody reads the transport, and a connection that is dropped is
// collected. Not in parallel: it looks at all goroutines, and counts.
func TestAwaitSessionLeavesNoReader(t *testing.T) {
	mode := pair.Modes[3]
	for _, transport := range transports {
		for _, tickets := range []int{0, 2} {
			t.Run(fmt.Sprintf("%s, %d tickets", transport.Name, tickets), func(t *testing.T) {
				server, client := mode.ServerCtx(t), mode.ClientCtx(t)
				require.NoError(t, server.SetNumTickets(tickets))
				before, goroutines := settled(t), runtime.NumGoroutine()
				var raw, peer net.Conn
				runInside(t, func(t testing.TB) {
					p := pair.Handshake(dropping{t}, server, client, pair.Options{Transport: transport.Pair, NoTickets: true})
					require.NoError(t, p.Client.SetDeadline(time.Time{}))
					raw, peer = p.ClientRaw, p.ServerRaw
					ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
					defer cancel()
					sess, err := p.Client.AwaitSession(ctx)
					if tickets == 0 {
						require.ErrorIs(t, err, context.DeadlineExceeded)
					} else {
						require.NoError(t, err)
						require.NoError(t, sess.Close())
					}
				})
				gone := testutil.CollectUntil(patience, func() bool {
					return livecount.Now().SSL == before.SSL && runtime.NumGoroutine() <= goroutines
				})
				require.True(t, gone, "%v, goroutines:\n%s", livecount.Now(), stacks())
				raw.Close()
				peer.Close()
			})
		}
	}
}
