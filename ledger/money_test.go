package ledger_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"purser/ledger"
)

func FuzzShareIsExact(f *testing.F) {
	f.Add(int64(100), int64(1), int64(7))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64-1), int64(math.MaxInt64))
	f.Add(int64(0), int64(0), int64(1))
	f.Fuzz(func(t *testing.T, total, part, whole int64) {
		if total < 0 || part < 0 || whole <= 0 || part > whole {
			return
		}
		want := new(big.Int).Mul(big.NewInt(total), big.NewInt(part))
		want.Quo(want, big.NewInt(whole))
		if got := ledger.Share(total, part, whole); want.Cmp(big.NewInt(got)) != 0 {
			t.Errorf("share(%d, %d, %d) = %d, want %v", total, part, whole, got, want)
		}
	})
}

func TestShareTakenPieceByPieceIsTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.Int64Range(1, 40).Draw(t, "units")
		basis := rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Just[int64](math.MaxInt64)).Draw(t, "basis")
		left := basis
		for n := units; n > 0; {
			k := rapid.Int64Range(1, n).Draw(t, "taken")
			piece := ledger.Share(left, k, n)
			left, n = left-piece, n-k
			if left < 0 || n == 0 && left != 0 {
				t.Fatalf("basis %d over %d units leaves %d with %d units to go", basis, units, left, n)
			}
		}
	})
}

func TestShareOutsideItsDomainPanics(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][3]int64{
		"negative_total": {-1, 0, 1}, "negative_part": {1, -1, 1}, "part_beyond_whole": {1, 2, 1}, "no_whole": {1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Errorf("share(%v) did not panic", c)
				}
			}()
			ledger.Share(c[0], c[1], c[2])
		})
	}
}

func FuzzAddNeverWraps(f *testing.F) {
	for _, pair := range [][2]int64{{1, 2}, {math.MaxInt64, 1}, {math.MaxInt64, 0}, {math.MinInt64, -1}, {math.MinInt64, math.MaxInt64}, {0, 0}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b int64) {
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got, ok := ledger.Add(a, b)
		if ok != want.IsInt64() || ok && got != want.Int64() {
			t.Errorf("add(%d, %d) = %d, %t, want %v", a, b, got, ok, want)
		}
	})
}

func TestMoneysAreMoney(t *testing.T) {
	t.Parallel()
	for _, money := range ledger.Moneys {
		if !money.IsMoney() {
			t.Errorf("%s is listed and no money", money)
		}
	}
	for _, other := range []ledger.Commodity{ledger.CNX, "", "usd", "GBP"} {
		if other.IsMoney() {
			t.Errorf("%q is money", other)
		}
	}
}
