package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-conns", "0"}, {"-conns", "many"}, {"-pages", "nothing"}, {"-rounds", "0"}, {"-time", "0s"}, {"more"}, {"-speed", "1"},
	} {
		if o, err := parse(args, io.Discard); err == nil {
			t.Errorf("parse(%q) = %+v, want an error", args, o)
		}
	}
	o, err := parse([]string{"-conns", "1,2", "-pages", "history"}, io.Discard)
	if err != nil || !cmp.Equal(o.connections, []int{1, 2}) || len(o.pages) != 1 || o.pages[0].Name != "history" {
		t.Errorf("parse = %+v, %v", o, err)
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	const serves = `echo "  Peer     http://127.0.0.1:1"; echo "  Metrics  http://127.0.0.1:2/metrics"; exec tail -f /dev/null`
	t.Run("is_gone_after_stop", func(t *testing.T) {
		t.Parallel()
		p, err := start(t.Context(), "fake", t.TempDir(), os.Environ(), "/bin/sh", "-c", serves)
		if err != nil {
			t.Fatal(err)
		}
		if want := (map[string]string{"Peer": "http://127.0.0.1:1", "Metrics": "http://127.0.0.1:2/metrics"}); !cmp.Equal(p.urls, want) || p.alive() != nil {
			t.Errorf("urls %v, alive: %v", p.urls, p.alive())
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		if p.alive() == nil {
			t.Error("the process lives")
		}
	})
	t.Run("that_ends_early_is_an_error_with_its_last_words", func(t *testing.T) {
		t.Parallel()
		_, err := start(t.Context(), "fake", t.TempDir(), os.Environ(), "/bin/sh", "-c", `echo "the port is taken" >&2; exit 3`)
		if err == nil || !strings.Contains(err.Error(), "the port is taken") {
			t.Errorf("start = %v", err)
		}
	})
	t.Run("is_gone_when_the_start_is_cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p, err := start(ctx, "fake", t.TempDir(), os.Environ(), "/bin/sh", "-c", `exec tail -f /dev/null`)
		if err == nil || p.alive() == nil {
			t.Errorf("start = %v, and the process lives: %v", err, p.alive() == nil)
		}
	})
}
