package ledger

import "fmt"

// Replay folds a stored journal again on s, which holds the book as it stood
// before the journal (a whole book: nothing left out, no key needed), and
// advances s past it. The caller compares the delta with the stored postings and
// movements: that units left in policy order and reversals restored what was
// taken is then shown from the rows alone (I10, I11). Keys, once keys and guards
// decided whether the journal came to be, not what it is, so they play no part.
//
// The error says that the fold would not write this journal here: another seq,
// another version of the template, or a refusal, which it wraps. s is then
// unchanged, apart from its clock.
func (r *Rules) Replay(s *State, j Journal) (*Delta, error) {
	if j.Seq != s.Seq+1 {
		return nil, fmt.Errorf("replay journal %s: seq %d follows %d (I18)", j.ID, j.Seq, s.Seq)
	}
	template, known := r.TemplateVersion(j.Template, j.TemplateVersion)
	if !known {
		return nil, fmt.Errorf("replay journal %s: %w: template %s has no version %d", j.ID, ErrInvalidCommand, j.Template, j.TemplateVersion)
	}
	s.Now = j.PostedAt
	delta, outcome, err := r.apply(s, &Command{
		ID: j.ID, Book: j.Book, Template: j.Template, Arguments: j.Arguments, EffectiveAt: j.EffectiveAt,
		Subject: j.Subject, Explanation: j.Explanation, InitiatedBy: j.InitiatedBy,
	}, template)
	if err != nil {
		return nil, fmt.Errorf("replay journal %s: %w", j.ID, err)
	}
	if outcome.Refusal != nil {
		return nil, fmt.Errorf("replay journal %s: %w", j.ID, outcome.Refusal)
	}
	s.Advance(delta)
	s.LastPostedAt = j.PostedAt
	return delta, nil
}
