package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"purser/internal/finance"
	"purser/ledger"
)

// checkSigned follows the journals by which people sign for periods and those by which
// books do what was agreed. Two people stand behind each of the latter (I20): the
// platform's book has their signatures, and each book names them with the request.
func (v *verifier) checkSigned(stored *chainJournal, slice *verifySlice) {
	signs, follows := finance.Signs(stored.Template), finance.Follows(stored.Template)
	if !signs && !follows {
		return
	}
	journal := stored.Journal
	// Arguments that do not decode were found by the fold.
	journal.Arguments, _ = ledger.DecodeArguments(stored.arguments)
	var err error
	switch {
	case follows:
		err = v.follower.Add(&journal, slice.requests[finance.RequestOf(&journal)])
	case v.book != ledger.PlatformBook:
		v.past.expect(false, "I20", "book %d: journal %s (seq %d) signs for a period in another book than the platform's", v.book, stored.ID, stored.Seq)
	default:
		err = v.trail.Add(&journal)
	}
	if err != nil {
		v.past.expect(false, "I20", "book %d: journal %s (seq %d) %v", v.book, stored.ID, stored.Seq, err)
	}
}

// readRequests reads the requests that journals of the slice follow from. They were
// agreed to before, and stay as they are.
func (v *verifier) readRequests(ctx context.Context, s *verifySlice) error {
	var ids []ledger.ID
	for i := range s.journals {
		if finance.Follows(s.journals[i].Template) {
			journal := ledger.Journal{}
			journal.Arguments, _ = ledger.DecodeArguments(s.journals[i].arguments) // as checkSigned does
			ids = append(ids, finance.RequestOf(&journal))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return v.eachRow(ctx, func(rows pgx.Rows) error {
		request, err := scanRequest(rows)
		s.requests[request.ID] = request
		return err
	}, `-- name: verify_slice_requests
		SELECT `+requestColumns+` FROM period_requests r WHERE r.request_id = ANY ($1)`, ids)
}

// walkRequests compares the rows that say who asked for a period, and who agreed, with
// what the journals of the platform's book make of them.
func (v *verifier) walkRequests() *rowWalk {
	met := 0
	return counted(v, walkRanges(v, "requests for periods", ledger.NilID, func(ctx context.Context, after ledger.ID) (seq int64, last ledger.ID, compare []func(), err error) {
		err = v.eachRow(ctx, func(rows pgx.Rows) error {
			var status finance.RequestStatus
			request, err := scanRequest(rows, &status, &seq)
			if err != nil {
				return err
			}
			last = request.ID
			compare = append(compare, func() { met++; v.compareRequest(request, status) })
			return nil
		}, `-- name: verify_requests
			SELECT `+requestColumns+`, r.status, h.seq
			FROM book_heads h CROSS JOIN period_requests r
			WHERE h.book_id = $1 AND r.request_id > $2 ORDER BY r.request_id LIMIT $3`, v.book, after, verifyRows)
		return seq, last, compare, err
	}), &met, v.trail.Len)
}

func (v *verifier) compareRequest(stored *finance.Request, status finance.RequestStatus) {
	derived, known := v.trail.Request(stored.ID)
	same := known && status == derived.Status() && stored.Period == derived.Period && stored.Action == derived.Action && stored.Reason == derived.Reason &&
		stored.RequestedBy == derived.RequestedBy && stored.RequestedAt.Equal(derived.RequestedAt) &&
		stored.ApprovedBy == derived.ApprovedBy && stored.ApprovedAt.Equal(derived.ApprovedAt) &&
		stored.WithdrawnBy == derived.WithdrawnBy && stored.WithdrawnAt.Equal(derived.WithdrawnAt)
	v.found.expect(same, "I22", "book %d: request %s to %s %s is stored as %s, asked for by %q and agreed to by %q, which is not what its journals make it",
		v.book, stored.ID, stored.Action, stored.Period, status, stored.RequestedBy, stored.ApprovedBy)
}
