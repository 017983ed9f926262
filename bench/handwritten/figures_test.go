package handwritten_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"purser/bench/handwritten"
	"purser/internal/analytics"
	"purser/ledger"
)

// What the peer computes in 64 bits is what the domain computes in any number of them, where the numbers are
// small, at the bound and beyond it.
func TestFiguresAreTheDomains(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	edges := []int64{0, 1, 2, 3, 7, 1<<24 - 1, 1 << 24, 1<<24 + 1, 1 << 40, math.MaxInt64}
	pick := func() int64 {
		if rng.IntN(3) == 0 {
			return edges[rng.IntN(len(edges))]
		}
		return rng.Int64N(1 << rng.IntN(30))
	}
	signed := func() int64 { return pick() * int64(1-2*rng.IntN(2)) }
	nulls := 0
	same := func(name string, got, want figure, of ...analytics.Fraction) {
		t.Helper()
		if got != want {
			t.Fatalf("%s of %v = %v, want %v", name, of, got, want)
		}
		if !want.known {
			nulls++
		}
	}
	for range 200_000 {
		ratio, then := analytics.CTR(pick(), pick()), analytics.CTR(pick(), pick())
		same("ctr", figureOf(handwritten.ShownCTR(ratio)), figureOf(ratio.Round(analytics.CTRScale)), ratio)
		for _, c := range []ledger.Commodity{ledger.CNX, ledger.USD} {
			same("avgCpc", figureOf(handwritten.ShownCPC(ratio, c)), figureOf(ratio.RoundMajor(c, analytics.AvgCPCScale)), ratio)
		}
		same("change", figureOf(handwritten.Change(ratio, then)), figureOf(analytics.Change(ratio, then)), ratio, then)
		now, before := analytics.Whole(signed()), analytics.Whole(signed())
		same("change", figureOf(handwritten.Change(now, before)), figureOf(analytics.Change(now, before)), now, before)
	}
	if nulls == 0 {
		t.Error("nothing was null")
	}
}

// figure is a decimal that may be null.
type figure struct {
	analytics.Decimal
	known bool
}

func figureOf(d analytics.Decimal, known bool) figure { return figure{d, known} }
