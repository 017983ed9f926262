package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"purser/internal/postgres"
)

// ofSignatures is a history of what people asked for January: a closing that was
// withdrawn, one that was agreed, a reopening, another closing, and a reopening that
// waits for the second person.
func ofSignatures(t *testing.T) *history {
	t.Helper()
	h, periods, _, at := newYearOf(t)
	at(time.February, 2)
	h.signAs("staff:bob", periods.ClosePeriod)
	h.signAs("staff:bob", periods.WithdrawRequest)
	h.sign(periods.ClosePeriod)
	h.sign(periods.ReopenPeriod)
	h.sign(periods.ClosePeriod)
	h.signAs("staff:bob", periods.ReopenPeriod)
	return h
}

// Rows that say who asked, agreed or withdrew are derived again, and nothing closes or
// reopens a period behind which there are not two people.
func TestVerifyRequestsForPeriods(t *testing.T) {
	t.Parallel()
	t.Run("a_true_history_is_clean", func(t *testing.T) {
		t.Parallel()
		h := ofSignatures(t)
		if failed := slices.Concat(h.failures(), h.failuresOf(postgres.VerifyOptions{Slice: 1})); len(failed) > 0 {
			t.Errorf("got %v, want nothing", failed)
		}
	})
	for _, tampering := range []struct{ name, statement, invariant string }{
		{"agreed_by_another", `UPDATE period_requests SET approved_by = 'staff:eve' WHERE status = 'APPROVED'`, "I20 I22"},
		{"asked_by_another", `UPDATE period_requests SET requested_by = 'staff:eve' WHERE status = 'APPROVED'`, "I20 I22"},
		{"agreed_out_of_nothing", `UPDATE period_requests SET status = 'APPROVED', approved_by = 'staff:eve', approved_at = now() WHERE status = 'PENDING'`, "I22"},
		{"withdrawn_by_another", `UPDATE period_requests SET withdrawn_by = 'staff:eve' WHERE status = 'WITHDRAWN'`, "I22"},
		{"withdrawn_out_of_nothing", `UPDATE period_requests SET status = 'WITHDRAWN', withdrawn_by = requested_by, withdrawn_at = now() WHERE status = 'PENDING'`, "I22"},
		{"of_another_reason", `UPDATE period_requests SET reason = 'because' WHERE status = 'PENDING'`, "I22"},
		{"of_another_month", `UPDATE period_requests SET period = '2025-12-01' WHERE status = 'APPROVED'`, "I20 I22"},
		{"of_the_other_action", `UPDATE period_requests SET action = 'REOPEN' WHERE status = 'APPROVED'`, "I20 I22"},
		{"asked_at_another_time", `UPDATE period_requests SET requested_at = requested_at - interval '1 day' WHERE status = 'PENDING'`, "I22"},
		{"agreed_request_removed", `DELETE FROM period_requests WHERE status = 'APPROVED'`, "I20 I22"},
		{"pending_request_removed", `DELETE FROM period_requests WHERE status = 'PENDING'`, "I22"},
		{"request_out_of_nothing", `INSERT INTO period_requests (request_id, period, action, status, reason, requested_by, requested_at)
			VALUES (gen_random_uuid(), '2026-02-01', 'CLOSE', 'PENDING', 'x', 'staff:eve', now())`, "I22"},
		{"status_of_its_own", `ALTER TABLE period_requests DROP CONSTRAINT period_requests_withdrawn_whole, DROP CONSTRAINT period_requests_approved_whole;
			UPDATE period_requests SET status = 'WITHDRAWN' WHERE status = 'PENDING'`, "I22"},
		{"one_person_signs_twice", `UPDATE journals SET initiated_by = 'staff:ada' WHERE template = 'REQUEST_PERIOD'`, "I20 I21 I22"},
		{"another_withdraws", `UPDATE journals SET initiated_by = 'staff:ada' WHERE template = 'WITHDRAW_PERIOD_REQUEST'`, "I20 I21 I22"},
		{"book_follows_what_was_not_asked", `UPDATE journals j SET arguments = o.arguments FROM journals o
			WHERE j.template = 'CLOSE_PERIOD' AND o.book_id = j.book_id AND o.template = 'REOPEN_PERIOD' AND j.book_id = 3`, "I20 I21"},
		{"book_follows_twice", `UPDATE journals j SET arguments = o.arguments FROM journals o
			WHERE j.template = 'CLOSE_PERIOD' AND o.book_id = j.book_id AND o.template = 'CLOSE_PERIOD' AND o.seq < j.seq AND j.book_id = 3`, "I20 I21"},
		{"signed_in_another_book", `UPDATE journals SET template = 'REQUEST_PERIOD' WHERE book_id = 3 AND seq = 1`, "I20 I21"},
	} {
		t.Run(tampering.name+"_is_found", func(t *testing.T) {
			t.Parallel()
			h := ofSignatures(t)
			tamper(t, h.owner, tampering.statement)
			failed := h.failures()
			for invariant := range strings.FieldsSeq(tampering.invariant) {
				if !slices.Contains(failed, invariant) {
					t.Errorf("got %v, want %s among them", failed, invariant)
				}
			}
		})
	}
}
