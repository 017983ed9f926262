package ledger_test

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"purser/ledger"
)

func drawArguments(t *rapid.T) ledger.Arguments {
	var args ledger.Arguments
	for _, name := range rapid.SliceOfDistinct(rapid.StringN(0, 6, 20), rapid.ID[string]).Draw(t, "names") {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			args = args.Amount(name, rapid.Int64().Draw(t, "amount"))
		case 1:
			args = args.Text(name, rapid.String().Draw(t, "text"))
		case 2:
			args = args.ID(name, ledger.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")))
		default:
			args = args.Time(name, time.UnixMicro(rapid.Int64().Draw(t, "time")))
		}
	}
	return args
}

func TestArgumentsDecodeToWhatWasEncoded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		args := drawArguments(t)
		data := args.Encode()
		got, err := ledger.DecodeArguments(data)
		if err != nil {
			t.Fatalf("DecodeArguments(%x) = %v", data, err)
		}
		if !bytes.Equal(got.Encode(), data) || len(got) != len(args) {
			t.Fatalf("DecodeArguments(%x) = %+v, want %+v", data, got, args)
		}
		for i := range args {
			if got[i] != args[i] {
				t.Fatalf("argument %d = %+v, want %+v", i, got[i], args[i])
			}
		}
	})
}

func TestArgumentsAreCanonical(t *testing.T) {
	t.Parallel()
	id := ledger.ID{1}
	at := time.Date(2031, 1, 2, 3, 4, 5, 6000, time.UTC)
	one := ledger.Arguments(nil).Amount("a", 1).Text("b", "x").ID("c", id).Time("d", at)
	other := ledger.Arguments(nil).Time("d", at.In(time.FixedZone("", 3600))).ID("c", id).Text("b", "x").Amount("a", 1)
	if !bytes.Equal(one.Encode(), other.Encode()) {
		t.Errorf("the order of giving and the zone show in the bytes: %x, %x", one.Encode(), other.Encode())
	}
	if ledger.FingerprintOf(one) != ledger.FingerprintOf(other) {
		t.Error("equal input has two fingerprints")
	}
	if ledger.FingerprintOf(one) == ledger.FingerprintOf(one.Text("e", "")) {
		t.Error("another input has the same fingerprint")
	}
	if got, ok := one.AmountOf("a"); got != 1 || !ok {
		t.Errorf("AmountOf(a) = %d, %t", got, ok)
	}
	if one.TextOf("b") != "x" || one.IDOf("c") != id || !one.TimeOf("d").Equal(at) {
		t.Errorf("values of %+v are lost", one)
	}
}

func TestArgumentsOfAnotherKindAreAbsent(t *testing.T) {
	t.Parallel()
	args := ledger.Arguments(nil).Text("text", "x").Amount("amount", 5)
	if got, ok := args.AmountOf("text"); ok {
		t.Errorf("AmountOf(text) = %d, true", got)
	}
	if !args.TimeOf("amount").IsZero() || !args.TimeOf("absent").IsZero() || !args.IDOf("text").IsZero() || args.TextOf("absent") != "" {
		t.Errorf("%+v has values of other kinds", args)
	}
}

// TestArgumentsShareNothing builds two lists from one: neither may show in the
// other.
func TestArgumentsShareNothing(t *testing.T) {
	t.Parallel()
	base := ledger.Arguments(nil).Amount("b", 1).Amount("d", 2)
	left, right := base.Amount("a", 3), base.Amount("c", 4)
	if _, leaked := left.AmountOf("c"); leaked || len(base) != 2 || len(right) != 3 {
		t.Errorf("base %+v, left %+v, right %+v", base, left, right)
	}
	if got, _ := left.AmountOf("b"); got != 1 {
		t.Errorf("left lost b: %+v", left)
	}
}

func TestArgumentGivenTwicePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	ledger.Arguments(nil).Amount("a", 1).Text("a", "x")
}

func FuzzDecodeArguments(f *testing.F) {
	f.Add(ledger.Arguments(nil).Encode())
	f.Add(ledger.Arguments(nil).Amount("a", math.MinInt64).Text("b", "x").ID("c", ledger.ID{1}).Time("d", time.Unix(1, 0)).Encode())
	f.Add([]byte{})
	f.Add([]byte{2})
	f.Add([]byte{1, 1, 1, 'a', 0x80, 0x00})                   // zero, written long
	f.Add([]byte{1, 1, 0x81, 0x00, 'a', 0})                   // a length, written long
	f.Add([]byte{1, 1, 1, 'b', 0, 1, 1, 'a', 0})              // out of order
	f.Add([]byte{1, 2, 1, 'a', 0xff, 0xff, 0xff, 0xff, 0x7f}) // a text of gigabytes
	f.Fuzz(func(t *testing.T, data []byte) {
		args, err := ledger.DecodeArguments(data)
		if err != nil {
			if !errors.Is(err, ledger.ErrMalformedArguments) {
				t.Errorf("DecodeArguments(%x) = %v, want ErrMalformedArguments", data, err)
			}
			return
		}
		if !bytes.Equal(args.Encode(), data) {
			t.Errorf("DecodeArguments(%x) encodes to %x: two forms of one value", data, args.Encode())
		}
	})
}
