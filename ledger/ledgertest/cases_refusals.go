package ledgertest

import (
	"errors"

	"purser/ledger"
)

var refusalCases = []testCase{
	{name: "spend_beyond_the_balance_names_what_is_there", run: insufficientFunds},
	{name: "empty_wallet_gives_nothing", run: func(b *bench) { b.refuse(b.Spend(b.wallet(), 1), ledger.ErrInsufficientFunds) }},
	{name: "wallet_that_was_never_opened", run: missingWallet},
	{name: "amounts_must_be_positive", run: invalidAmounts},
	{name: "frozen_wallet_refuses_its_owner_only", run: frozenWallet},
	{name: "status_changes_only_from_the_other_status", run: statusConflicts},
	{name: "once_key_was_used", run: alreadyDone},
	{name: "reversal_of_an_unknown_journal", run: reverseUnknown},
	{name: "reversal_under_a_type_the_template_forbids", run: reverseForbidden},
	{name: "reversal_beyond_what_is_left", run: reverseExceeds},
	{name: "reversal_of_a_grant_that_was_spent", run: reverseSpentGrant},
	{name: "invalid_commands_are_errors_and_store_nothing", run: invalidCommands},
}

func insufficientFunds(b *bench) {
	wallet := b.funded(10)
	b.accept(b.Grant(wallet, 5, Terms{ExpiresAt: epoch}))
	refused := b.refuse(b.Spend(wallet, 11), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) {
		b.t.Fatalf("refusal is a %T", refused)
	}
	want := ledger.InsufficientFundsError{Account: b.account(available(wallet), ledger.CNX), Required: 11, Available: 10}
	if *funds != want {
		b.t.Errorf("refusal = %+v, want %+v: expired units are not available", *funds, want)
	}
	b.accept(b.Spend(wallet, 10))
}

func missingWallet(b *bench) {
	b.accept(b.Fact())
	wallet := b.NewID()
	for _, c := range []ledger.Command{
		b.Grant(wallet, 1, Terms{}), b.Purchase(wallet, 1, twelveDollars, Terms{}), b.Spend(wallet, 1), b.Freeze(wallet), b.Unfreeze(wallet),
	} {
		b.refuse(c, ledger.ErrAccountMissing)
	}
}

func invalidAmounts(b *bench) {
	wallet := b.funded(10)
	spend := b.accept(b.Spend(wallet, 5))
	for _, c := range []ledger.Command{
		b.Grant(wallet, 0, Terms{}), b.Grant(wallet, -1, Terms{}), b.Spend(wallet, 0), b.Spend(wallet, -1), b.Spend(wallet, -1<<63),
		b.Purchase(wallet, 0, twelveDollars, Terms{}),
		b.Purchase(wallet, 1, Price{Money: ledger.USD, Minor: -1}, Terms{}),
		b.Purchase(wallet, 1, Price{Money: ledger.USD, Minor: 1, Fee: -1}, Terms{}),
		b.Reverse(spend, TypeReturn, 0), b.Reverse(spend, TypeReturn, -1),
		b.Command(TemplateSpend, ledger.Arguments(nil).ID(ArgWallet, wallet).Text(ArgProduct, Product)),
	} {
		b.refuse(c, ledger.ErrInvalidAmount)
	}
}

func frozenWallet(b *bench) {
	wallet := b.funded(10)
	spend := b.accept(b.Spend(wallet, 2))
	b.accept(b.Freeze(wallet))
	b.refuse(b.Spend(wallet, 1), ledger.ErrAccountFrozen)
	b.accept(b.Grant(wallet, 1, Terms{}))
	b.accept(b.Purchase(wallet, 1, twelveDollars, Terms{}))
	b.accept(b.ReverseRest(spend, TypeReturn))
	b.accept(b.Unfreeze(wallet))
	b.accept(b.Spend(wallet, 12))
}

func statusConflicts(b *bench) {
	wallet := b.wallet()
	b.refuse(b.Unfreeze(wallet), ledger.ErrStatusConflict)
	b.accept(b.Freeze(wallet))
	refused := b.refuse(b.Freeze(wallet), ledger.ErrStatusConflict)
	var conflict *ledger.StatusConflictError
	if !errors.As(refused, &conflict) || conflict.Status != ledger.StatusFrozen {
		b.t.Errorf("refusal = %v, want the status it met", refused)
	}
}

func alreadyDone(b *bench) {
	wallet := b.funded(10)
	first, second := b.Spend(wallet, 1), b.Spend(wallet, 1)
	first.Once, second.Once = "proposal:1", "proposal:1"
	b.accept(first)
	refused := b.refuse(second, ledger.ErrAlreadyDone)
	var done *ledger.AlreadyDoneError
	if !errors.As(refused, &done) || done.Journal != first.ID {
		b.t.Errorf("refusal = %v, want journal %s", refused, first.ID)
	}
	third := b.Spend(wallet, 100)
	third.Once = "proposal:2"
	b.refuse(third, ledger.ErrInsufficientFunds)
	third = b.Spend(wallet, 1)
	third.Once = "proposal:2"
	b.accept(third) // a refused command does not use its once key
}

func reverseUnknown(b *bench) {
	b.accept(b.Fact())
	unknown := b.NewID()
	refused := b.refuse(b.ReverseRest(unknown, TypeReturn), ledger.ErrUnknownJournal)
	var reversal *ledger.ReversalError
	if !errors.As(refused, &reversal) || reversal.Journal != unknown {
		b.t.Errorf("refusal = %v, want journal %s", refused, unknown)
	}
}

func reverseForbidden(b *bench) {
	wallet := b.NewID()
	opened := b.accept(b.OpenWallet(wallet))
	grant := b.accept(b.Grant(wallet, 10, Terms{}))
	spend := b.accept(b.Spend(wallet, 4))
	back := b.accept(b.Reverse(spend, TypeReturn, 2))
	fact := b.accept(b.Command(TemplateFact, ledger.Arguments(nil).ID(ArgWallet, wallet)))
	b.refuse(b.ReverseRest(grant, TypeReturn), ledger.ErrNotReversible)
	b.refuse(b.ReverseRest(spend, "PURCHASE"), ledger.ErrNotReversible)
	for _, journal := range []ledger.ID{opened, back, fact} {
		b.refuse(b.ReverseRest(journal, TypeReversal), ledger.ErrNotReversible)
	}
}

func reverseExceeds(b *bench) {
	wallet := b.funded(10)
	spend := b.accept(b.Spend(wallet, 8))
	wantLeft := func(c ledger.Command, left int64) {
		b.t.Helper()
		refused := b.refuse(c, ledger.ErrReversalExceeds)
		var reversal *ledger.ReversalError
		if !errors.As(refused, &reversal) || reversal.Left != left || reversal.Journal != spend {
			b.t.Errorf("refusal = %+v, want %d left of %s", refused, left, spend)
		}
	}
	wantLeft(b.Reverse(spend, TypeReturn, 9), 8)
	b.accept(b.Reverse(spend, TypeReturn, 5))
	wantLeft(b.Reverse(spend, TypeReturn, 4), 3)
	wantLeft(b.Reverse(spend, TypeReversal, 1<<63-1), 3)
	b.accept(b.ReverseRest(spend, TypeReversal))
	wantLeft(b.Reverse(spend, TypeReturn, 1), 0)
	wantLeft(b.ReverseRest(spend, TypeReturn), 0)
}

func reverseSpentGrant(b *bench) {
	wallet := b.wallet()
	grant := b.accept(b.Grant(wallet, 10, Terms{}))
	b.accept(b.Spend(wallet, 4))
	b.accept(b.Grant(wallet, 10, Terms{})) // other units do not stand in
	refused := b.refuse(b.ReverseRest(grant, TypeReversal), ledger.ErrInsufficientFunds)
	var funds *ledger.InsufficientFundsError
	if !errors.As(refused, &funds) || funds.Required != 10 || funds.Available != 6 {
		b.t.Errorf("refusal = %+v, want 10 required, 6 available", refused)
	}
	b.accept(b.Reverse(grant, TypeReversal, 6))
	b.wantLot(grant, 0, 0)
}

func invalidCommands(b *bench) {
	wallet := b.funded(10)
	before := b.snapshot()
	args := func() ledger.Arguments { return ledger.Arguments(nil).ID(ArgWallet, wallet) }
	broken := map[string]ledger.Command{
		"unknown_template":       b.Command("NO_SUCH", nil),
		"no_wallet":              b.Command(TemplateSpend, ledger.Arguments(nil).Amount(ArgQuantity, 1).Text(ArgProduct, Product)),
		"no_product":             b.Command(TemplateSpend, args().Amount(ArgQuantity, 1)),
		"unknown_product":        b.Command(TemplateSpend, args().Amount(ArgQuantity, 1).Text(ArgProduct, "NO_SUCH")),
		"product_is_a_path":      b.Command(TemplateSpend, args().Amount(ArgQuantity, 1).Text(ArgProduct, "X:"+Product)),
		"unknown_money":          b.Purchase(wallet, 1, Price{Money: "XYZ", Minor: 1}, Terms{}),
		"fee_in_unknown_money":   b.Purchase(wallet, 1, Price{Money: "XYZ", Fee: 1}, Terms{}),
		"arguments_too_long":     b.Command(TemplateFact, ledger.Arguments(nil).Text("note", string(make([]byte, 1<<17)))),
		"wallet_given_as_a_text": b.Command(TemplateFreeze, ledger.Arguments(nil).Text(ArgWallet, "*")),
	}
	for name, mend := range map[string]func(*ledger.Command){
		"no_id":           func(c *ledger.Command) { c.ID = ledger.NilID },
		"no_key":          func(c *ledger.Command) { c.Key.Key = "" },
		"no_scope":        func(c *ledger.Command) { c.Key.Scope.Principal = "" },
		"no_fingerprint":  func(c *ledger.Command) { c.Fingerprint = ledger.Fingerprint{} },
		"key_of_10_KB":    func(c *ledger.Command) { c.Key.Key = string(make([]byte, 10<<10)) },
		"explained_a_lot": func(c *ledger.Command) { c.Explanation = make([]byte, 1<<20) },
	} {
		c := b.Spend(wallet, 1)
		mend(&c)
		broken[name] = c
	}
	for name, c := range broken {
		if outcome, err := b.ledger.Post(b.context(), c); !errors.Is(err, ledger.ErrInvalidCommand) {
			b.t.Errorf("%s: Post() = %+v, %v, want ErrInvalidCommand", name, outcome, err)
		}
	}
	if diff := Diff(before, b.snapshot()); diff != "" {
		b.t.Errorf("invalid commands changed the book:\n%s", diff)
	}
}
