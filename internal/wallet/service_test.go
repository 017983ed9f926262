package wallet_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"purser/internal/domain"
	"purser/internal/wallet"
	"purser/ledger"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// recorder is a ledger that accepts every command, to look at.
type recorder struct {
	commands []ledger.Command
	err      error
}

func (r *recorder) Post(_ context.Context, c ledger.Command) (ledger.Outcome, error) {
	r.commands = append(r.commands, c)
	return ledger.Outcome{Journal: c.ID, Seq: 1}, r.err
}

// directory knows one wallet and its owner.
type directory struct{ owner domain.OwnerRow }

var (
	known   = wallet.Ref{Book: 3, ID: ledger.ID{1}}
	unknown = wallet.Ref{Book: 3, ID: ledger.ID{2}}
)

func (d directory) Page(_ context.Context, _ domain.Caller, request wallet.PageRequest) (*wallet.Page, error) {
	if len(request.Refs) == 1 && request.Refs[0] == known {
		return &wallet.Page{Wallets: []wallet.Wallet{{Ref: known, Owner: d.owner.ID, Jurisdiction: "NP", Access: wallet.AccessOwner}}}, nil
	}
	return &wallet.Page{}, nil
}

func (d directory) Owner(_ context.Context, id ledger.ID) (domain.OwnerRow, error) {
	if id != d.owner.ID {
		return domain.OwnerRow{}, domain.ErrNotFound
	}
	return d.owner, nil
}

type fixture struct {
	*wallet.Service
	posted *recorder
}

func newFixture() fixture {
	posted := &recorder{}
	owner := domain.OwnerRow{ID: ledger.ID{9}, Book: 3, Kind: domain.OwnerOrganisation}
	ids := byte(100)
	newID := func() ledger.ID { ids++; return ledger.ID{ids} }
	return fixture{wallet.NewService(posted, directory{owner}, func() time.Time { return now }, newID), posted}
}

var caller = domain.Caller{Principal: "service:test", All: true}

func grant() wallet.Grant {
	return wallet.Grant{Key: "grant-0001", Wallet: known, Quantity: 10, Origin: ledger.OriginPromo, Explanation: domain.Explanation{Rule: "SIGN_UP"}}
}

func purchase() wallet.Purchase {
	return wallet.Purchase{Key: "purchase-1", Wallet: known, Quantity: 80, Price: 1200, Fee: 65, Currency: ledger.USD, Reference: "pay_1"}
}

func spend() wallet.Spend {
	return wallet.Spend{Key: "spend-0001", Wallet: known, Quantity: 12, Subject: ledger.Subject{Type: "PROPOSAL", ID: "0197f2c4-1111-7000-8000-000000000001"}}
}

func open() wallet.Open {
	return wallet.Open{Key: "open-00001", Owner: ledger.ID{7}, OwnerKind: domain.OwnerParty, Kind: wallet.KindFreelancer, Jurisdiction: "NP", TimeZone: "Asia/Kathmandu"}
}

func TestServiceRefusesRequestsThatCouldNeverBeAccepted(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10<<10)
	for name, test := range map[string]struct {
		field string
		post  func(fixture) error
	}{
		"key_of_7_bytes":             {"idempotencyKey", granting(func(g *wallet.Grant) { g.Key = "1234567" })},
		"key_of_10_KB":               {"idempotencyKey", granting(func(g *wallet.Grant) { g.Key = long })},
		"key_with_a_line_break":      {"idempotencyKey", granting(func(g *wallet.Grant) { g.Key = "12345678\n" })},
		"quantity_zero":              {"quantity", granting(func(g *wallet.Grant) { g.Quantity = 0 })},
		"quantity_negative":          {"quantity", granting(func(g *wallet.Grant) { g.Quantity = -1 })},
		"quantity_beyond_json":       {"quantity", granting(func(g *wallet.Grant) { g.Quantity = 1 << 53 })},
		"grant_of_purchased_units":   {"origin", granting(func(g *wallet.Grant) { g.Origin = ledger.OriginPurchase })},
		"grant_in_the_future":        {"effectiveAt", granting(func(g *wallet.Grant) { g.EffectiveAt = now.Add(time.Second) })},
		"grant_of_eleven_years_ago":  {"effectiveAt", granting(func(g *wallet.Grant) { g.EffectiveAt = now.AddDate(-11, 0, 0) })},
		"grant_expired_at_birth":     {"expiry.expiresAt", granting(func(g *wallet.Grant) { g.ExpiresAt = now })},
		"grant_for_centuries":        {"expiry.expiresAt", granting(func(g *wallet.Grant) { g.ExpiresAt = now.AddDate(500, 0, 0) })},
		"grant_for_negative_days":    {"expiry.validDays", granting(func(g *wallet.Grant) { g.ValidDays = -1 })},
		"grant_for_too_many_days":    {"expiry.validDays", granting(func(g *wallet.Grant) { g.ValidDays = 3661 })},
		"grant_without_a_rule":       {"explanation.rule", granting(func(g *wallet.Grant) { g.Explanation.Rule = "" })},
		"grant_with_a_long_rule":     {"explanation.rule", granting(func(g *wallet.Grant) { g.Explanation.Rule = long })},
		"grant_with_a_long_input":    {"explanation.inputs", granting(func(g *wallet.Grant) { g.Explanation.Inputs = []domain.Input{{Name: "a", Value: long}} })},
		"grant_with_17_inputs":       {"explanation.inputs", granting(func(g *wallet.Grant) { g.Explanation.Inputs = make([]domain.Input, 17) })},
		"grant_with_costly_escapes":  {"explanation", granting(func(g *wallet.Grant) { g.Explanation.Inputs = costly() })},
		"purchase_for_nothing":       {"price.amountMinor", purchasing(func(p *wallet.Purchase) { p.Price = 0 })},
		"purchase_in_connects":       {"price.currency", purchasing(func(p *wallet.Purchase) { p.Currency = ledger.CNX })},
		"purchase_with_negative_fee": {"feeMinor", purchasing(func(p *wallet.Purchase) { p.Fee = -1 })},
		"fee_over_the_price":         {"feeMinor", purchasing(func(p *wallet.Purchase) { p.Fee = 1201 })},
		"purchase_without_reference": {"paymentReference", purchasing(func(p *wallet.Purchase) { p.Reference = "" })},
		"reference_of_10_KB":         {"paymentReference", purchasing(func(p *wallet.Purchase) { p.Reference = long })},
		"reference_in_utf_8":         {"paymentReference", purchasing(func(p *wallet.Purchase) { p.Reference = "pay_ü" })},
		"spend_on_a_job":             {"subject.type", spending(func(s *wallet.Spend) { s.Subject.Type = "JOB" })},
		"spend_on_no_uuid":           {"subject.id", spending(func(s *wallet.Spend) { s.Subject.ID = "4711" })},
		"spend_of_nothing":           {"quantity", spending(func(s *wallet.Spend) { s.Quantity = 0 })},
		"party_with_agency_wallet":   {"kind", opening(func(o *wallet.Open) { o.Kind = wallet.KindAgency })},
		"jurisdiction_in_lower_case": {"jurisdiction", opening(func(o *wallet.Open) { o.Jurisdiction = "np" })},
		"zone_that_does_not_exist":   {"timeZone", opening(func(o *wallet.Open) { o.TimeZone = "Asia/Atlantis" })},
		"zone_of_this_machine":       {"timeZone", opening(func(o *wallet.Open) { o.TimeZone = "Local" })},
		"zone_out_of_the_database":   {"timeZone", opening(func(o *wallet.Open) { o.TimeZone = "../../etc/passwd" })},
		"reversal_without_a_reason":  {"reason", reversing(func(r *wallet.Reverse) { r.Reason = "" })},
		"reversal_of_less_than_none": {"quantity", reversing(func(r *wallet.Reverse) { r.Quantity = -5 })},
		"freeze_without_a_reason":    {"reason", freezing(func(f *wallet.Freeze) { f.Reason = "" })},
		"freeze_with_a_long_note":    {"note", freezing(func(f *wallet.Freeze) { f.Note = long })},
		"membership_as_freelancer":   {"role", joining(func(m *wallet.Membership) { m.Role = "FREELANCER" })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			err := test.post(f)
			var refused *domain.ValidationError
			if !errors.As(err, &refused) || refused.Field != test.field {
				t.Errorf("got %v, want a ValidationError of %s", err, test.field)
			}
			if len(f.posted.commands) > 0 {
				t.Errorf("posted %d commands, want none", len(f.posted.commands))
			}
		})
	}
}

// costly explains with text that JSON writes in six bytes a character.
func costly() []domain.Input {
	inputs := make([]domain.Input, 16)
	for i := range inputs {
		inputs[i] = domain.Input{Name: "n", Value: strings.Repeat("\x01", 128)}
	}
	return inputs
}

func granting(change func(*wallet.Grant)) func(fixture) error {
	return func(f fixture) error {
		in := grant()
		change(&in)
		_, err := f.Grant(context.Background(), caller, in)
		return err
	}
}

func purchasing(change func(*wallet.Purchase)) func(fixture) error {
	return func(f fixture) error {
		in := purchase()
		change(&in)
		_, err := f.Purchase(context.Background(), caller, in)
		return err
	}
}

func spending(change func(*wallet.Spend)) func(fixture) error {
	return func(f fixture) error {
		in := spend()
		change(&in)
		_, err := f.Spend(context.Background(), caller, in)
		return err
	}
}

func opening(change func(*wallet.Open)) func(fixture) error {
	return func(f fixture) error {
		in := open()
		change(&in)
		_, err := f.Open(context.Background(), caller, in)
		return err
	}
}

func reversing(change func(*wallet.Reverse)) func(fixture) error {
	return func(f fixture) error {
		in := wallet.Reverse{Key: "reverse-01", Transaction: wallet.TransactionRef{Wallet: known, Journal: ledger.ID{5}}, Reason: "RETURN_TOS"}
		change(&in)
		_, err := f.Reverse(context.Background(), caller, in)
		return err
	}
}

func freezing(change func(*wallet.Freeze)) func(fixture) error {
	return func(f fixture) error {
		in := wallet.Freeze{Key: "freeze-001", Wallet: known, Reason: "DISPUTE"}
		change(&in)
		_, err := f.Freeze(context.Background(), caller, in)
		return err
	}
}

func joining(change func(*wallet.Membership)) func(fixture) error {
	return func(f fixture) error {
		in := wallet.Membership{Key: "membership", Organisation: ledger.ID{9}, Party: ledger.ID{7}, Role: "AGENCY_MEMBER", Active: true}
		change(&in)
		_, err := f.SetMembership(context.Background(), caller, in)
		return err
	}
}

func TestServiceFindsNothingForOthers(t *testing.T) {
	t.Parallel()
	for name, post := range map[string]func(fixture) error{
		"grant":           granting(func(g *wallet.Grant) { g.Wallet = unknown }),
		"purchase":        purchasing(func(p *wallet.Purchase) { p.Wallet = unknown }),
		"spend":           spending(func(s *wallet.Spend) { s.Wallet = unknown }),
		"reverse":         reversing(func(r *wallet.Reverse) { r.Transaction.Wallet = unknown }),
		"freeze":          freezing(func(f *wallet.Freeze) { f.Wallet = unknown }),
		"no_organisation": joining(func(m *wallet.Membership) { m.Organisation = ledger.ID{8} }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			if err := post(f); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("got %v, want ErrNotFound", err)
			}
			if len(f.posted.commands) > 0 {
				t.Errorf("posted %d commands, want none", len(f.posted.commands))
			}
		})
	}
}

func TestServiceCommands(t *testing.T) {
	t.Parallel()
	t.Run("a_retry_has_the_same_key_and_fingerprint", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		for range 2 {
			if err := spending(func(*wallet.Spend) {})(f); err != nil {
				t.Fatal(err)
			}
		}
		first, second := f.posted.commands[0], f.posted.commands[1]
		if first.Key != second.Key || first.Fingerprint != second.Fingerprint || first.ID == second.ID {
			t.Errorf("got %+v and %+v, want one key and fingerprint, two ids", first, second)
		}
	})
	t.Run("another_body_has_another_fingerprint", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		for quantity := range int64(2) {
			if err := spending(func(s *wallet.Spend) { s.Quantity += quantity })(f); err != nil {
				t.Fatal(err)
			}
		}
		if f.posted.commands[0].Fingerprint == f.posted.commands[1].Fingerprint {
			t.Error("got one fingerprint for two bodies")
		}
	})
	t.Run("a_grant_lives_as_long_as_the_policy_says", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		if err := granting(func(*wallet.Grant) {})(f); err != nil {
			t.Fatal(err)
		}
		command := f.posted.commands[0]
		if got, want := command.Arguments.TimeOf(wallet.ArgExpiresAt), now.AddDate(0, 0, 90); !got.Equal(want) {
			t.Errorf("expires at %s, want %s", got, want)
		}
		explanation, err := domain.DecodeExplanation(command.Explanation)
		if err != nil || explanation.PolicyVersion != "connects/2023-06-01" {
			t.Errorf("explained by %+v, %v, want the version that decided", explanation, err)
		}
	})
	t.Run("a_grant_lives_as_many_days_as_it_says", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		if err := granting(func(g *wallet.Grant) { g.ValidDays = 30; g.EffectiveAt = now.AddDate(0, 0, -10) })(f); err != nil {
			t.Fatal(err)
		}
		if got, want := f.posted.commands[0].Arguments.TimeOf(wallet.ArgExpiresAt), now.AddDate(0, 0, 20); !got.Equal(want) {
			t.Errorf("expires at %s, want %s", got, want)
		}
	})
	t.Run("a_payment_is_recorded_once", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		if err := purchasing(func(*wallet.Purchase) {})(f); err != nil {
			t.Fatal(err)
		}
		if got := f.posted.commands[0].Once; got != "payment:pay_1" {
			t.Errorf("once %q, want the payment's reference", got)
		}
	})
	t.Run("a_new_owner_is_assigned_a_book_and_a_known_one_keeps_theirs", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		if err := opening(func(*wallet.Open) {})(f); err != nil {
			t.Fatal(err)
		}
		if err := opening(func(o *wallet.Open) {
			o.Owner, o.OwnerKind, o.Kind = ledger.ID{9}, domain.OwnerOrganisation, wallet.KindAgency
		})(f); err != nil {
			t.Fatal(err)
		}
		if got, want := f.posted.commands[0].Book, domain.AssignBook(ledger.ID{7}); got != want {
			t.Errorf("new owner in book %d, want %d", got, want)
		}
		if got := f.posted.commands[1].Book; got != 3 {
			t.Errorf("known owner in book %d, want 3", got)
		}
	})
	t.Run("a_fault_of_the_ledger_comes_back", func(t *testing.T) {
		t.Parallel()
		f := newFixture()
		f.posted.err = ledger.ErrOverloaded
		if err := spending(func(*wallet.Spend) {})(f); !errors.Is(err, ledger.ErrOverloaded) {
			t.Errorf("got %v, want ErrOverloaded", err)
		}
	})
}
