package conformance

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExportedSessions: there are sessions of each version, the server's and the client's of each mode. With -update it
// makes those of the libssl that is loaded anew.
func TestExportedSessions(t *testing.T) {
	if *update {
		exportSessions(t, Loaded().Line())
	}
	for _, v := range measured {
		assert.Len(t, exportedBy(v), 2*len(all), "exported/%v.pem", v)
	}
}

func exportSessions(t *testing.T, v Version) {
	var file bytes.Buffer
	id, err := newIdentity()
	require.NoError(t, err)
	for _, m := range all {
		o := &Observer{Way: PublicAPI, Mode: m, id: id}
		l := o.connect(o.server(sidCtx("exported")), o.client())
		for _, s := range []session{l.server.session, l.client.session} {
			pem, err := s.MarshalText()
			require.NoError(t, err)
			file.Write(pem)
		}
		o.cleanUp()
	}
	require.NoError(t, os.WriteFile("exported/"+v.String()+".pem", file.Bytes(), 0o666))
}
