package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"purser/ledger"
)

// chainID returns an id made of one byte.
func chainID(b byte) ledger.ID { return ledger.ID(bytes.Repeat([]byte{b}, 16)) }

// chainedJournal is a journal with every column set.
func chainedJournal() (ledger.Journal, []ledger.Posting, []ledger.Movement) {
	net := int64(-7)
	j := ledger.Journal{
		Book: 3, ID: chainID(1), Seq: 42, Template: "SPEND", TemplateVersion: 2, Type: "SPEND",
		Arguments:   ledger.Arguments(nil).Amount("quantity", 7).Text("product", "bid"),
		EffectiveAt: time.Date(2031, 5, 6, 7, 8, 9, 123456000, time.UTC), BookedOn: ledger.Date{Year: 2031, Month: 5, Day: 6},
		PostedAt: time.Date(2031, 5, 6, 7, 8, 10, 654321000, time.UTC), Wallet: chainID(2), Subject: ledger.Subject{Type: "PROPOSAL", ID: "p-1"},
		Explanation: []byte(`{"rule":"X"}`), InitiatedBy: "party:1", Reverses: chainID(3), Quantity: 5, Hold: chainID(4), HoldEvent: ledger.EventCaptured,
		Group: chainID(10), GroupSize: 3,
	}
	postings := []ledger.Posting{
		{
			Line: 1, Debit: chainID(5), Credit: chainID(6), Commodity: ledger.CNX, Amount: 7,
			DebitVersion: 9, DebitBalance: 73, CreditVersion: 4, CreditBalance: 107, DebitNet: &net,
		},
		{Line: 2, Debit: chainID(7), Credit: chainID(8), Commodity: ledger.USD, Amount: 105, DebitVersion: 1, DebitBalance: 1, CreditVersion: 1, CreditBalance: 1, CreditNet: &net},
	}
	movements := []ledger.Movement{{Line: 1, Lot: chainID(9), Account: chainID(5), Hold: chainID(4), Quantity: -7, Basis: -105, Tax: -9, Money: ledger.USD}}
	return j, postings, movements
}

// The digests were computed from the description of the form, by another program.
func TestFormOfTheChainIsFixed(t *testing.T) {
	t.Parallel()
	var hasher ledger.Hasher
	j, postings, movements := chainedJournal()
	empty := ledger.Journal{EffectiveAt: time.Unix(0, 0), PostedAt: time.Unix(0, 0), BookedOn: ledger.Date{Year: 1969, Month: 12, Day: 31}}
	leaf := hasher.Leaf(&j, postings, movements)
	for _, c := range []struct {
		name string
		got  ledger.Hash
		want string
	}{
		{"leaf_of_a_full_journal", leaf, "e398428b75b5fc60841cbc82b60d044118ea8d550f3cf9d4cacef5baefb635d3"},
		{"leaf_of_an_empty_journal", hasher.Leaf(&empty, nil, nil), "7e7f9cf7c66eebb6cccdccf67784b1cfd14087a0734e014e919864e8159c81be"},
		{"root_of_three", ledger.MerkleRoot([]ledger.Hash{{1}, {2}, {3}}), "95491d6bcc48d7ce56ab32493387f240664fdcc65bd004c484f1cb4d0ed7e3a9"},
		{"root_of_one_is_its_leaf", ledger.MerkleRoot([]ledger.Hash{leaf}), leaf.String()},
		{"link", ledger.Link(3, 1<<40, ledger.Hash{1}, ledger.Hash{2}), "3e78235881a774c9317a1d5fec84d9364a96388dfa31b9afb7e8dc0072f9f2c7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.got.String() != c.want {
				t.Errorf("got %s, want %s", c.got, c.want)
			}
		})
	}
}

// A column that is added to a type and forgotten in the form fails here.
func TestLeafCoversEveryColumn(t *testing.T) {
	t.Parallel()
	j, postings, movements := chainedJournal()
	var hasher ledger.Hasher
	was := hasher.Leaf(&j, postings, movements)
	for _, part := range []any{&j, &postings[0], &postings[1], &movements[0]} {
		eachField(t, reflect.ValueOf(part).Elem(), "", func(name string) {
			if hasher.Leaf(&j, postings, movements) == was {
				t.Errorf("a change of %T%s leaves the leaf as it was", part, name)
			}
		})
	}
	if hasher.Leaf(&j, postings, movements) != was {
		t.Error("the fields were not put back")
	}
	for name, leaf := range map[string]ledger.Hash{
		"postings_swapped":     hasher.Leaf(&j, []ledger.Posting{postings[1], postings[0]}, movements),
		"posting_left_out":     hasher.Leaf(&j, postings[:1], movements),
		"movement_left_out":    hasher.Leaf(&j, postings, nil),
		"other_argument_bytes": hasher.LeafOf(&j, append(j.Arguments.Encode(), 0), postings, movements),
	} {
		if leaf == was {
			t.Errorf("%s: the leaf is as it was", name)
		}
	}
	j.Explanation = nil
	none := hasher.Leaf(&j, postings, movements)
	if j.Explanation = []byte{}; hasher.Leaf(&j, postings, movements) == none {
		t.Error("an empty explanation has the leaf of a missing one")
	}
}

// eachField changes one field after another, calls check, and puts it back.
func eachField(t *testing.T, v reflect.Value, name string, check func(name string)) {
	t.Helper()
	was := reflect.New(v.Type()).Elem()
	was.Set(v)
	switch value := v.Addr().Interface().(type) {
	case *time.Time:
		*value = value.Add(time.Microsecond)
	case *ledger.Arguments:
		*value = ledger.Arguments(nil).Amount("quantity", 8)
	case *[]byte:
		*value = append(slices.Clone(*value), 'x')
	case **int64:
		if *value == nil {
			*value = new(int64)
		} else {
			*value = nil
		}
	case *ledger.ID:
		value[15]++
	default:
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				eachField(t, v.Field(i), name+"."+v.Type().Field(i).Name, check)
			}
			return
		case reflect.String:
			v.SetString(v.String() + "x")
		case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
			v.SetInt(v.Int() + 1)
		default:
			t.Fatalf("%s is a %s, which this test cannot change", name, v.Type())
		}
	}
	check(name)
	v.Set(was)
}

func TestJournalDecodesToWhatWasHashed(t *testing.T) {
	t.Parallel()
	t.Run("drawn", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			j, postings, movements := drawJournal(t)
			data := ledger.AppendJournal(nil, &j, j.Arguments.Encode(), postings, movements)
			got, gotPostings, gotMovements, err := ledger.DecodeJournal(data)
			if err != nil {
				t.Fatalf("DecodeJournal(%x) = %v", data, err)
			}
			again := ledger.AppendJournal(nil, &got, got.Arguments.Encode(), gotPostings, gotMovements)
			if !bytes.Equal(again, data) || got.ID != j.ID || got.BookedOn != j.BookedOn || len(gotPostings) != len(postings) {
				t.Fatalf("got %+v, want %+v", got, j)
			}
			var hasher ledger.Hasher
			if ledger.LeafOfBytes(data) != hasher.Leaf(&j, postings, movements) {
				t.Fatal("the leaf is not of these bytes")
			}
		})
	})
	j, postings, movements := chainedJournal()
	data := ledger.AppendJournal(nil, &j, j.Arguments.Encode(), postings, movements)
	t.Run("whole", func(t *testing.T) {
		t.Parallel()
		got, gotPostings, gotMovements, err := ledger.DecodeJournal(data)
		if err != nil {
			t.Fatal(err)
		}
		same := cmp.AllowUnexported(ledger.Argument{})
		if diff := cmp.Diff(j, got, same) + cmp.Diff(postings, gotPostings) + cmp.Diff(movements, gotMovements); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("cut_short_or_longer_is_refused", func(t *testing.T) {
		t.Parallel()
		for size := range data {
			if _, _, _, err := ledger.DecodeJournal(data[:size]); !errors.Is(err, ledger.ErrMalformedJournal) {
				t.Fatalf("%d bytes: got %v", size, err)
			}
		}
		if _, _, _, err := ledger.DecodeJournal(append(slices.Clone(data), 0)); !errors.Is(err, ledger.ErrMalformedJournal) {
			t.Fatalf("a byte more: got %v", err)
		}
	})
}

func drawJournal(t *rapid.T) (ledger.Journal, []ledger.Posting, []ledger.Movement) {
	id := rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) ledger.ID { return ledger.ID(b) })
	number, text := rapid.Int64(), rapid.String()
	instant := rapid.Map(rapid.Int64Range(-1<<55, 1<<55), time.UnixMicro)
	j := ledger.Journal{
		Book: ledger.BookID(rapid.Int32().Draw(t, "book")), ID: id.Draw(t, "id"), Seq: number.Draw(t, "seq"), Template: text.Draw(t, "template"),
		TemplateVersion: rapid.Int32().Draw(t, "version"), Type: text.Draw(t, "type"), Arguments: drawArguments(t), EffectiveAt: instant.Draw(t, "effective"),
		BookedOn: ledger.DateOf(instant.Draw(t, "booked")), PostedAt: instant.Draw(t, "posted"), Wallet: id.Draw(t, "wallet"),
		Subject:     ledger.Subject{Type: text.Draw(t, "subject type"), ID: text.Draw(t, "subject")},
		Explanation: rapid.SliceOf(rapid.Byte()).Draw(t, "explanation"), InitiatedBy: text.Draw(t, "by"),
		Reverses: id.Draw(t, "reverses"), Quantity: number.Draw(t, "quantity"), Hold: id.Draw(t, "hold"), HoldEvent: ledger.HoldEvent(text.Draw(t, "event")),
		Group: id.Draw(t, "group"), GroupSize: rapid.Int16().Draw(t, "group size"),
	}
	postings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ledger.Posting {
		return ledger.Posting{
			Line: rapid.Int16().Draw(t, "line"), Debit: id.Draw(t, "debit"), Credit: id.Draw(t, "credit"), Commodity: ledger.Commodity(text.Draw(t, "commodity")),
			Amount: number.Draw(t, "amount"), DebitVersion: number.Draw(t, "v"), DebitBalance: number.Draw(t, "b"), CreditVersion: number.Draw(t, "w"),
			CreditBalance: number.Draw(t, "c"), DebitNet: rapid.Ptr(number, true).Draw(t, "n"), CreditNet: rapid.Ptr(number, true).Draw(t, "m"),
		}
	}), 0, 4).Draw(t, "postings")
	movements := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ledger.Movement {
		return ledger.Movement{
			Line: rapid.Int16().Draw(t, "line"), Lot: id.Draw(t, "lot"), Account: id.Draw(t, "account"), Hold: id.Draw(t, "hold"), Quantity: number.Draw(t, "quantity"),
			Basis: number.Draw(t, "basis"), Tax: number.Draw(t, "tax"), Money: ledger.Commodity(text.Draw(t, "money")),
		}
	}), 0, 4).Draw(t, "movements")
	return j, postings, movements
}

func TestMerkleTree(t *testing.T) {
	t.Parallel()
	var leaves []ledger.Hash
	roots := map[ledger.Hash]int{}
	for size := 1; size <= 70; size++ {
		leaves = append(leaves, sha256.Sum256(fmt.Append(nil, size)))
		root := ledger.MerkleRoot(leaves)
		if want := naiveRoot(leaves); root != want {
			t.Fatalf("root of %d leaves: got %s, want %s", size, root, want)
		}
		if other, known := roots[root]; known {
			t.Fatalf("%d and %d leaves have one root", size, other)
		}
		roots[root] = size
		for index := range leaves {
			path := ledger.MerklePath(leaves, index)
			got, ok := ledger.RootOfPath(leaves[index], int64(index), int64(size), path)
			if !ok || got != root {
				t.Fatalf("leaf %d of %d: got %s, %v, want %s", index, size, got, ok, root)
			}
			if size == 1 {
				continue
			}
			if got, ok := ledger.RootOfPath(leaves[index], int64(index^1), int64(size), path); ok && got == root {
				t.Fatalf("leaf %d of %d is accepted in its neighbour's place", index, size)
			}
			if _, ok := ledger.RootOfPath(leaves[index], int64(index), int64(size), append(path, root)); ok {
				t.Fatalf("leaf %d of %d: a longer path is accepted", index, size)
			}
			if _, ok := ledger.RootOfPath(leaves[index], int64(index), int64(size), path[:len(path)-1]); ok {
				t.Fatalf("leaf %d of %d: a shorter path is accepted", index, size)
			}
		}
	}
	t.Run("no_leaf_is_doubled", func(t *testing.T) {
		t.Parallel()
		if ledger.MerkleRoot(leaves[:3]) == ledger.MerkleRoot([]ledger.Hash{leaves[0], leaves[1], leaves[2], leaves[2]}) {
			t.Error("three leaves have the root of four")
		}
	})
	t.Run("nothing_has_no_root", func(t *testing.T) {
		t.Parallel()
		if root := ledger.MerkleRoot(nil); !root.IsZero() {
			t.Errorf("got %s", root)
		}
		if _, ok := ledger.RootOfPath(leaves[0], 0, 0, nil); ok {
			t.Error("a path in an empty tree is accepted")
		}
	})
}

// naiveRoot is the definition: split at the largest power of two below the size.
func naiveRoot(leaves []ledger.Hash) ledger.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	split := 1
	for split*2 < len(leaves) {
		split *= 2
	}
	left, right := naiveRoot(leaves[:split]), naiveRoot(leaves[split:])
	return sha256.Sum256(slices.Concat([]byte{2}, left[:], right[:]))
}
