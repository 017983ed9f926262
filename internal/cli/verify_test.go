package cli_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"purser/internal/cli"
)

// verifyReport is the part of verify's JSON that its readers rely on.
type verifyReport struct {
	OK         bool  `json:"ok"`
	DurationMS int64 `json:"durationMs"`
	Books      []struct {
		Book int32 `json:"book"`
		Seq  int64 `json:"seq"`
	} `json:"books"`
	Invariants []struct {
		Invariant, Status, Counterexample, Note string
		Failures                                int64
	} `json:"invariants"`
}

func reported(t *testing.T, got result) verifyReport {
	t.Helper()
	var report verifyReport
	decoder := json.NewDecoder(strings.NewReader(got.stdout))
	if err := decoder.Decode(&report); err != nil || decoder.More() {
		t.Fatalf("verify printed no single JSON object: %v\n%+v", err, got)
	}
	if len(report.Invariants) != 31 {
		t.Fatalf("%d invariants, want 31", len(report.Invariants))
	}
	return report
}

func TestVerifyJSON(t *testing.T) {
	t.Parallel()
	db := demoDatabase(t)

	t.Run("tells_each_invariant_and_each_book", func(t *testing.T) {
		got := run(t, databases(db), "verify", "-json")
		report := reported(t, got)
		var journals int64
		for _, book := range report.Books {
			journals += book.Seq
		}
		if want := value[int64](t, db.SuperURL, "SELECT sum(seq)::bigint FROM book_heads"); got.code != 0 || !report.OK || journals != want {
			t.Errorf("code %d, ok %v, %d journals; want 0, true, %d", got.code, report.OK, journals, want)
		}
		for _, i := range report.Invariants {
			if checked := i.Status == "OK" && i.Note == ""; !checked && (i.Status != "NOT_CHECKED" || i.Note == "") {
				t.Errorf("%+v is neither checked nor explained", i)
			}
		}
	})
	t.Run("tells_what_is_broken_and_exits_with_1", func(t *testing.T) {
		if _, err := connect(t, db.SuperURL).Exec(t.Context(), `UPDATE trial_days SET debits = debits + 1 WHERE debits > 0`); err != nil {
			t.Fatal(err)
		}
		got := run(t, databases(db), "verify", "-json")
		report := reported(t, got)
		broken := report.Invariants[21]
		if got.code != 1 || report.OK || broken.Invariant != "I22" || broken.Status != "BROKEN" || broken.Failures < 2 ||
			!strings.Contains(broken.Counterexample, "trial balance of ") {
			t.Errorf("code %d, ok %v, %+v; want a counterexample of I22", got.code, report.OK, broken)
		}
	})
}

// TestVerifyProgress gives verify a clock on which a second passes with each look.
func TestVerifyProgress(t *testing.T) {
	t.Parallel()
	db := demoDatabase(t)
	for name, c := range map[string]struct {
		args []string
		want bool
	}{
		"is_shown_when_asked_for":    {[]string{"verify", "-progress"}, true},
		"is_not_written_into_a_pipe": {[]string{"verify"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			now := time.Now()
			p := program(databases(db), c.args...)
			p.Stdout, p.Stderr = &out, &errs
			p.Clock = func() time.Time { now = now.Add(time.Second); return now }
			if code := p.Run(t.Context()); code != 0 {
				t.Fatalf("code = %d:\n%s", code, &errs)
			}
			if got := strings.Contains(errs.String(), "verify: book "); got != c.want {
				t.Errorf("progress shown: %v, want %v:\n%s", got, c.want, &errs)
			}
		})
	}
}

func TestServeRunsJobs(t *testing.T) {
	t.Parallel()
	db := demoDatabase(t)
	start := func(t *testing.T, more ...string) *serving {
		t.Helper()
		env := append(databases(db), append(anywhere, "PURSER_DATA_DIR="+t.TempDir())...)
		p := program(append(env, more...), "serve")
		p.NewHandler = func(cli.Parts) (http.Handler, error) { return http.NotFoundHandler(), nil }
		return serve(t, p)
	}
	t.Run("one_after_another_process", func(t *testing.T) {
		for range 2 { // the second finds leases that were given back
			s := start(t)
			shows(t, s,
				`purser_invariant_ok{invariant="I1"} 1`, `purser_invariant_ok{invariant="I31"} 1`,
				`purser_job_runs_total{job="hold-sweep",result="ok"}`, `purser_job_runs_total{job="lot-expiry",result="ok"}`,
				`purser_job_runs_total{job="checkpoints",result="ok"}`, `purser_job_runs_total{job="invariants",result="ok"}`)
			s.stop()
			if code := s.wait(t); code != 0 {
				t.Errorf("code = %d:\n%s", code, s.errs)
			}
			if strings.Contains(s.errs.String(), "a job failed") {
				t.Errorf("log:\n%s", s.errs)
			}
		}
		if got := value[int](t, db.SuperURL, "SELECT count(*)::int FROM job_leases WHERE until > now()"); got != 0 {
			t.Errorf("%d leases were not given back", got)
		}
		if got := value[int](t, db.SuperURL, "SELECT count(*)::int FROM invariant_checks WHERE status = 'OK'"); got < 20 {
			t.Errorf("%d invariants are stored as OK, want all that are live", got)
		}
		if got := value[int](t, db.SuperURL, "SELECT count(*)::int FROM checkpoints"); got == 0 {
			t.Error("no checkpoint was signed")
		}
	})
	t.Run("not_when_told_to_leave_them_to_others", func(t *testing.T) {
		s := start(t, "PURSER_JOBS=off")
		if _, body := get(t, s.urls["Metrics"]); strings.Contains(body, "purser_job_") || strings.Contains(body, "purser_invariant_") {
			t.Errorf("metrics show jobs:\n%s", body)
		}
		s.stop()
		if code := s.wait(t); code != 0 {
			t.Errorf("code = %d:\n%s", code, s.errs)
		}
	})
}

// shows returns once the server's metrics have all these samples.
func shows(t *testing.T, s *serving, samples ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		status, body := get(t, s.urls["Metrics"])
		if status != http.StatusOK {
			t.Fatalf("metrics: %d %s", status, body)
		}
		missing := ""
		for _, sample := range samples {
			if !strings.Contains(body, sample) {
				missing = sample
			}
		}
		if missing == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("metrics do not show %s:\n%s", missing, s.errs)
		case <-poll.C:
		}
	}
}
