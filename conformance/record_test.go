package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecordGolden(t *testing.T) {
	golden(t, "run.json", withTrouble().Record("v1.2.3").Write)
}

func TestRecordRoundTrip(t *testing.T) {
	for _, r := range []*Report{asExpected("OpenSSL 3.0.22", 0x30000160), withTrouble()} {
		rec := r.Record("v1.2.3")
		var file bytes.Buffer
		require.NoError(t, rec.Write(&file))
		back, err := ReadRecord(&file)
		require.NoError(t, err)
		assert.Equal(t, rec, back)
	}
}

// TestRecordOfEveryClause: whatever the clauses expect survives a file.
func TestRecordOfEveryClause(t *testing.T) {
	for _, number := range []uint64{0x1010117f, 0x30000160, 0x40000030} {
		r := &Report{Library: Library{Version: "OpenSSL x", Number: number}}
		for _, c := range All() {
			r.Results = append(r.Results, Judge(c, r.Library.Line(), expectedObservations(c, r.Library.Line()), nil))
		}
		rec := r.Record("")
		var file bytes.Buffer
		require.NoError(t, rec.Write(&file))
		back, err := ReadRecord(&file)
		require.NoError(t, err)
		assert.Equal(t, rec, back)
		assert.Equal(t, r.Count(Holds), back.Summary.Holds)
		assert.Equal(t, r.Count(ManualWrong), back.Summary.ManualWrong)
		assert.Zero(t, back.Summary.Differs)
	}
}

func TestReadRecordRefuses(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, withTrouble().Record("").Write(&file))
	good := strings.TrimSpace(file.String())
	_, err := ReadRecord(strings.NewReader(good))
	require.NoError(t, err)

	replace := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct{ name, text, says string }{
		{"empty", "", "empty"},
		{"blank", " \n", "empty"},
		{"text", "libssl: OpenSSL 3.0", "not JSON: invalid character"},
		{"XML", "<testsuites/>", "not JSON: invalid character"},
		{"two runs in one", good + good, "not JSON: invalid character"},
		{"JSON of others", `{"name": "x"}`, `no run of sslconform: it has no "format": "sslconform/1"`},
		{"a list", "[" + good + "]", "no run of sslconform"},
		{"a number", "1", "no run of sslconform"},
		{"null", "null", "no run of sslconform"},
		{"format of another type", `{"format": 1}`, "no run of sslconform"},
		{"newer format", replace(Format, "sslconform/2"), `in the form "sslconform/2", and this sslconform reads "sslconform/1"`},
		{"another type", replace(`"clauses": 5`, `"clauses": "five"`), "cannot unmarshal string"},
		{"unknown verdict", replace(`"verdict": "DIFFERS"`, `"verdict": "maybe"`), `there is no verdict "maybe"`},
		{"unknown mode", replace(`"mode": "12s"`, `"mode": "11s"`), `there is no mode "11s"`},
		{"unknown manual", replace(`"manual": "wrong"`, `"manual": "lost"`), `there is no manual "lost"`},
		{"unknown kind", replace(`"kind": "wrong"`, `"kind": "odd"`), `there is no kind of erratum "odd"`},
		{"no version", replace("OpenSSL 3.4.1 1 Feb 2025", ""), "library.version is missing"},
		{"no number", replace("0x30400010", "new"), `library.number is "new", which is no number`},
		{"no clauses", `{"format": "sslconform/1", "library": {"version": "x", "number": "0x1"}}`, "there is no clause in it"},
		{"a clause twice", replace(`"id": "X2"`, `"id": "X1"`), "clause X1 is there twice"},
		{"a clause without id", replace(`"id": "X2"`, `"id": ""`), "id, page or says is missing"},
		{"better than it was", replace(`"verdict": "DIFFERS"`, `"verdict": "holds"`), `clause X1: the verdict is "holds", and what was observed says otherwise`},
		{"worse than it was", replace(`"verdict": "manual wrong"`, `"verdict": "DIFFERS"`), `clause X2: the verdict is "DIFFERS", and what was observed says otherwise`},
		{"counted otherwise", replace(`"differ": 2`, `"differ": 0`), "the summary counts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadRecord(strings.NewReader(c.text))
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.says)
		})
	}
	for n := 1; n < len(good); n++ {
		_, err := ReadRecord(strings.NewReader(good[:n]))
		require.EqualError(t, err, "truncated: the JSON ends too early", "%d bytes", n)
	}
}

// TestReadRecordIgnoresWhatIsNew: fields may be added to the form.
func TestReadRecordIgnoresWhatIsNew(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, withTrouble().Record("").Write(&file))
	text := strings.Replace(file.String(), `"id": "X1"`, `"id": "X1", "mood": {"good": true}`, 1)
	_, err := ReadRecord(strings.NewReader(text))
	assert.NoError(t, err)
}

func FuzzReadRecord(f *testing.F) {
	var file bytes.Buffer
	_ = withTrouble().Record("").Write(&file)
	f.Add(file.Bytes())
	f.Add([]byte(`{"format": "sslconform/1", "library": {"version": "x", "number": "1"}, "clauses": [{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := ReadRecord(bytes.NewReader(data))
		if err != nil {
			return
		}
		m, err := Merge(rec)
		require.NoError(t, err)
		require.NoError(t, m.WriteText(io.Discard, false))
		require.NoError(t, m.WriteMarkdown(io.Discard, true))
		require.NoError(t, m.WriteErrata(io.Discard))
	})
}

func TestRecordIsPlainJSON(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, withTrouble().Record("").Write(&file))
	var plain map[string]any
	require.NoError(t, json.Unmarshal(file.Bytes(), &plain))
	assert.Equal(t, Format, plain["format"])
	assert.Contains(t, file.String(), "<something>", "no escapes that only HTML needs")
}
