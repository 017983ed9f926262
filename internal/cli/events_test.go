package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"purser/internal/pgtest"
	"purser/internal/postgres"
)

// eventRow is a line of the command events, or what the journals say it must be.
type eventRow struct {
	Book     int
	Seq      int64
	Journal  string
	Type     string
	Wallet   string
	PostedAt time.Time
}

// eventRows decodes the lines of a run.
func eventRows(t *testing.T, text string) []eventRow {
	t.Helper()
	var rows []eventRow
	for line := range strings.Lines(text) {
		rows = append(rows, decodeEvent(t, line))
	}
	return rows
}

func decodeEvent(t *testing.T, line string) (row eventRow) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&row); err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
	return row
}

// exportedEvents are the journals of an export in CSV, as events.
func exportedEvents(t *testing.T, env []string) []eventRow {
	t.Helper()
	var rows []eventRow
	for _, record := range records(t, output(t, env, "export", "-format", "csv")) {
		at, err := time.Parse(time.RFC3339Nano, record["posted_at"])
		if err != nil {
			t.Fatal(err)
		}
		row := eventRow{int(integer(t, record["book"])), integer(t, record["seq"]), record["journal_id"], record["type"], record["wallet_id"], at}
		if n := len(rows); n == 0 || rows[n-1] != row { // one record per posting
			rows = append(rows, row)
		}
	}
	return rows
}

func TestEvents(t *testing.T) {
	t.Parallel()
	db, env := demoLedger(t)
	want := exportedEvents(t, env)
	env = databases(db)[:3] // the application's role, which keeps the checkpoint

	t.Run("first_run_writes_every_journal_and_the_next_nothing", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff(want, eventRows(t, output(t, env, "events", "-consumer", "audit"))); diff != "" {
			t.Errorf("events (-journals +written):\n%s", diff)
		}
		if got := output(t, env, "events", "-consumer", "audit"); got != "" {
			t.Errorf("the second run wrote %q", got)
		}
	})
	t.Run("follows_until_told_to_stop", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		read, write := io.Pipe()
		p := program(env, "events", "-consumer", "follower", "-follow", "-interval", "10ms")
		p.Stdout = write
		code := make(chan int, 1)
		go func() {
			code <- p.Run(ctx)
			_ = write.Close() // ends the reader below
		}()
		lines := bufio.NewScanner(read)
		for i := range want {
			if !lines.Scan() {
				t.Fatalf("it ended after %d of %d lines with code %d", i, len(want), <-code)
			}
			if got := decodeEvent(t, lines.Text()); got != want[i] {
				t.Errorf("line %d is %+v, want %+v", i, got, want[i])
			}
		}
		cancel()
		for lines.Scan() {
			t.Errorf("one more line: %q", lines.Text())
		}
		if got := <-code; got != 0 {
			t.Errorf("code = %d once it was told to stop, want 0", got)
		}
	})
	t.Run("line_that_was_not_written_comes_again", func(t *testing.T) {
		t.Parallel()
		for _, args := range [][]string{{"events", "-consumer", "broken"}, {"events", "-consumer", "broken", "-follow"}} {
			var errs strings.Builder
			p := program(env, args...)
			p.Stdout, p.Stderr = brokenPipe{}, &errs
			if code := p.Run(t.Context()); code != 1 || !strings.Contains(errs.String(), "no reader") {
				t.Errorf("%v: code = %d, stderr = %q, want 1 and the cause", args, code, errs.String())
			}
		}
		if got := eventRows(t, output(t, env, "events", "-consumer", "broken")); len(got) != len(want) {
			t.Errorf("%d of %d events came after a run whose output broke", len(got), len(want))
		}
	})
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("no reader") }

func TestEventsRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no_consumer":            {nil, "-consumer"},
		"name_that_is_no_label":  {[]string{"-consumer", "Audit Trail"}, "-consumer"},
		"interval_that_is_busy":  {[]string{"-consumer", "a", "-interval", "1ms"}, "-interval must be"},
		"interval_that_is_never": {[]string{"-consumer", "a", "-interval", "2h"}, "-interval must be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, environ("PURSER_DATA_DIR="+t.TempDir()), append([]string{"events"}, c.args...)...)
			if got.code != 2 || !strings.Contains(got.stderr, c.says) || got.stdout != "" {
				t.Errorf("got %+v, want code 2 and %q", got, c.says)
			}
		})
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	super := connect(t, db.SuperURL)
	for _, sql := range []string{
		`INSERT INTO outbox (book_id, last_seq, first_seq, posted_at, journal_ids, types, wallet_ids)
			SELECT 1, n, n, now() - interval '8 days', ARRAY[gen_random_uuid()], ARRAY['TEST'], ARRAY[gen_random_uuid()] FROM generate_series(1, 10) AS n`,
		`INSERT INTO outbox_consumers (consumer, book_id, seq, updated_at) VALUES ('done', 1, 10, now()), ('slow', 1, 4, now())`,
		`INSERT INTO idempotency_keys (book_id, principal, mutation, owner_id, key, fingerprint, command_id, seq, decided_at)
			SELECT 1, 'test', 'TEST', gen_random_uuid(), 'k', '\x01', gen_random_uuid(), n, now() - interval '450 days' FROM generate_series(1, 3) AS n`,
	} {
		if _, err := super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	production := environ("PURSER_MODE=production", "PURSER_MIGRATE_DATABASE_URL="+db.OwnerURL)
	for _, step := range []struct {
		args []string
		want result
	}{
		{[]string{"-dry-run"}, result{0, "would delete 4 outbox rows and 3 idempotency keys\n", ""}},
		{[]string{"-dry-run", "-outbox-days", "9", "-keys-days", "500"}, result{0, "would delete 0 outbox rows and 0 idempotency keys\n", ""}},
		{nil, result{0, "deleted 4 outbox rows and 3 idempotency keys\n", ""}},
		{nil, result{0, "deleted 0 outbox rows and 0 idempotency keys\n", ""}},
		{[]string{"-forget", "slow"}, result{0, "forgot the consumer slow\ndeleted 6 outbox rows and 0 idempotency keys\n", ""}},
		{[]string{"-forget", "slow"}, result{1, "", "purser prune: there is no consumer slow\n"}},
		{[]string{"-keys-days", "399"}, result{2, "", "purser prune: idempotency keys are kept for at least 400 days, not 399; purser prune -h explains\n"}},
		{[]string{"-outbox-days", "0"}, result{2, "", "purser prune: outbox rows are kept for at least 1 day, not 0; purser prune -h explains\n"}},
		{[]string{"-forget", "done", "-dry-run"}, result{2, "", "purser prune: -forget deletes, which -dry-run forbids; purser prune -h explains\n"}},
	} {
		if got := run(t, production, append([]string{"prune"}, step.args...)...); got != step.want {
			t.Errorf("prune %v = %+v, want %+v", step.args, got, step.want)
		}
	}
	app := environ("PURSER_MODE=production", "PURSER_MIGRATE_DATABASE_URL="+db.AppURL)
	if got := run(t, app, "prune"); got.code != 1 || !strings.Contains(got.stderr, "permission denied") {
		t.Errorf("prune as the application's role = %+v, want code 1 and permission denied", got)
	}
	if got, want := fmt.Sprint(postgres.KeysDaysMin), "400"; got != want {
		t.Errorf("keys are promised for %s days, want %s", got, want)
	}
}
