package obs_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"purser/internal/obs"
)

func TestLoggerAddsRequestID(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := obs.NewLogger(&out, obs.Production)
	ctx := obs.WithRequestID(t.Context(), "0198c0de-0000-7000-8000-000000000001")
	log.With("part", "edge").WithGroup("g").InfoContext(ctx, "hello", "n", 1)
	log.DebugContext(ctx, "hidden")
	var line struct {
		Msg  string
		Part string
		G    struct {
			N         int
			RequestID string `json:"request_id"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("one JSON line expected, got %q: %v", out.String(), err)
	}
	if line.Msg != "hello" || line.Part != "edge" || line.G.N != 1 || line.G.RequestID != "0198c0de-0000-7000-8000-000000000001" {
		t.Errorf("got %+v from %s", line, out.String())
	}
}

func TestLoggerModesAndLevels(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var level slog.LevelVar
	log := obs.NewLoggerAt(&out, "development", &level)
	log.Debug("before")
	level.Set(slog.LevelDebug)
	log.Debug("after")
	got := out.String()
	if strings.Contains(got, "before") || !strings.Contains(got, "msg=after") || strings.Contains(got, "request_id") {
		t.Errorf("got %q, want one text line for the second record, without a request id", got)
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	first, second := obs.NewRequestID(), obs.NewRequestID()
	if first >= second {
		t.Errorf("%s then %s: later ids must sort later", first, second)
	}
	if parsed := uuid.MustParse(first); parsed.Version() != 7 {
		t.Errorf("got version %d, want 7", parsed.Version())
	}
	if got := obs.RequestID(t.Context()); got != "" {
		t.Errorf("outside a request: got %q", got)
	}
	for id, want := range map[string]bool{
		first:                                  true,
		"9b2e1f60-6b1c-4f0a-9a53-0d8f3b6f0a11": true,
		"":                                     false,
		"00000000-0000-0000-0000-000000000000": false,
		strings.ToUpper(first):                 false,
		"{" + first + "}":                      false,
		"urn:uuid:" + first:                    false,
		strings.ReplaceAll(first, "-", ""):     false,
		first + "\n":                           false,
		"x\" injected=1":                       false,
	} {
		if got := obs.IsRequestID(id); got != want {
			t.Errorf("IsRequestID(%q) = %v, want %v", id, got, want)
		}
	}
}
