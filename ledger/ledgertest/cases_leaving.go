package ledgertest

import (
	"context"
	"errors"
	"runtime"

	"purser/ledger"
)

func cancellation(b *bench) {
	wallet := b.funded(10)
	stile := newTurnstile(b.store)
	l := b.open(stile)
	plug, err := l.Submit(b.context(), b.Fact())
	if err != nil {
		b.t.Fatalf("Submit() = %v", err)
	}
	<-stile.entered
	leaving, leave := context.WithCancel(b.context())
	contexts := []context.Context{b.context(), leaving, b.context()}
	var waiting []*ledger.Pending
	for _, ctx := range contexts {
		pending, err := l.Submit(ctx, b.Spend(wallet, 3))
		if err != nil {
			b.t.Fatalf("Submit() = %v", err)
		}
		waiting = append(waiting, pending)
	}
	leave()
	if _, err := waiting[1].Wait(leaving); !errors.Is(err, context.Canceled) {
		b.t.Errorf("Wait() of the caller who left = %v", err)
	}
	close(stile.released)
	for _, pending := range []*ledger.Pending{plug, waiting[0], waiting[2]} {
		if outcome, err := pending.Wait(b.context()); err != nil || outcome.Refusal != nil {
			b.t.Errorf("a neighbour got %+v, %v", outcome, err)
		}
	}
	b.wantBalance(available(wallet), ledger.CNX, 4)
}

func leaveInFlight(b *bench) {
	wallet := b.funded(10)
	stile := newTurnstile(b.store)
	l := b.open(stile)
	ctx, leave := context.WithCancel(b.context())
	spend := b.Spend(wallet, 3)
	pending, err := l.Submit(ctx, spend)
	if err != nil {
		b.t.Fatalf("Submit() = %v", err)
	}
	<-stile.entered
	leave()
	if _, err := pending.Wait(ctx); !errors.Is(err, context.Canceled) {
		b.t.Errorf("Wait() = %v, want the context's error", err)
	}
	close(stile.released)
	if outcome, err := l.Post(b.context(), b.again(spend)); err != nil || outcome.Journal != spend.ID || !outcome.Replayed {
		b.t.Errorf("asked again got %+v, %v; want a replay of %s", outcome, err, spend.ID)
	}
}

func closeDrains(b *bench) {
	stile := newTurnstile(b.store)
	l := ledger.New(ledger.Config{Rules: b.rules, Store: stile, Clock: b.clock.Now, InjectedClock: true})
	plug, err := l.Submit(b.context(), b.Fact())
	if err != nil {
		b.t.Fatalf("Submit() = %v", err)
	}
	<-stile.entered
	waiting := make([]*ledger.Pending, 20)
	for i := range waiting {
		if waiting[i], err = l.Submit(b.context(), b.Fact()); err != nil {
			b.t.Fatalf("Submit() = %v", err)
		}
	}
	closed := make(chan error)
	go func() { closed <- l.Close(b.context()) }()
	patience := b.context()
	for !errors.Is(err, ledger.ErrClosed) { // until Close has begun
		if patience.Err() != nil {
			b.t.Fatalf("Submit() while closing = %v, want ErrClosed", err)
		}
		runtime.Gosched()
		_, err = l.Submit(canceled(), b.Fact())
	}
	close(stile.released)
	for _, pending := range append(waiting, plug) {
		if outcome, err := pending.Wait(b.context()); err != nil || outcome.Refusal != nil {
			b.t.Errorf("a queued command got %+v, %v", outcome, err)
		}
	}
	if err := <-closed; err != nil {
		b.t.Errorf("Close() = %v", err)
	}
	if _, err := l.Post(b.context(), b.Fact()); !errors.Is(err, ledger.ErrClosed) {
		b.t.Errorf("Post() after Close = %v, want ErrClosed", err)
	}
	if err := l.Close(b.context()); err != nil {
		b.t.Errorf("second Close() = %v", err)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
