package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Arguments are the named values of a command. Their canonical bytes are stored
// with the journal, so that the fold can be replayed from rows (I10–I12) and a
// chain can cover them. They are kept sorted by name and never hold a value
// that the ledger computes.
type Arguments []Argument

// Argument is one named value.
type Argument struct {
	Name string
	kind argumentKind
	num  int64
	text string
	id   ID
}

type argumentKind uint8

const (
	kindAmount argumentKind = iota + 1
	kindText
	kindID
	kindTime
)

// argumentsVersion is the first byte of the canonical form.
const argumentsVersion = 1

// argumentBytesMax bounds one name or text, so that a corrupt row cannot ask for
// gigabytes when it is decoded.
const argumentBytesMax = 1 << 16

// ErrMalformedArguments is returned by DecodeArguments for bytes that Encode
// did not write.
var ErrMalformedArguments = errors.New("ledger: malformed arguments")

func (a Arguments) with(arg Argument) Arguments {
	at, found := slices.BinarySearchFunc(a, arg.Name, func(x Argument, name string) int { return strings.Compare(x.Name, name) })
	if found {
		panic("ledger: argument " + arg.Name + " given twice")
	}
	return slices.Insert(slices.Clip(a), at, arg)
}

// Amount returns a with a signed count of units under name.
func (a Arguments) Amount(name string, value int64) Arguments {
	return a.with(Argument{Name: name, kind: kindAmount, num: value})
}

// Text returns a with a string under name.
func (a Arguments) Text(name, value string) Arguments {
	return a.with(Argument{Name: name, kind: kindText, text: value})
}

// ID returns a with an id under name.
func (a Arguments) ID(name string, value ID) Arguments {
	return a.with(Argument{Name: name, kind: kindID, id: value})
}

// Time returns a with an instant under name, to the microsecond.
func (a Arguments) Time(name string, value time.Time) Arguments {
	return a.with(Argument{Name: name, kind: kindTime, num: value.UnixMicro()})
}

func (a Arguments) find(name string, kind argumentKind) (Argument, bool) {
	for _, arg := range a {
		if arg.Name == name {
			return arg, arg.kind == kind
		}
	}
	return Argument{}, false
}

// AmountOf returns the amount under name; ok is false when there is none.
func (a Arguments) AmountOf(name string) (value int64, ok bool) {
	arg, ok := a.find(name, kindAmount)
	return arg.num, ok
}

// TextOf returns the string under name, or "".
func (a Arguments) TextOf(name string) string {
	arg, _ := a.find(name, kindText)
	return arg.text
}

// IDOf returns the id under name, or NilID.
func (a Arguments) IDOf(name string) ID {
	arg, _ := a.find(name, kindID)
	return arg.id
}

// TimeOf returns the instant under name, or the zero time.
func (a Arguments) TimeOf(name string) time.Time {
	arg, ok := a.find(name, kindTime)
	if !ok {
		return time.Time{}
	}
	return time.UnixMicro(arg.num).UTC()
}

// size is the number of bytes in names and texts, the parts without a bound of
// their own.
func (a Arguments) size() int {
	var size int
	for _, arg := range a {
		size += len(arg.Name) + len(arg.text)
	}
	return size
}

// Encode returns the canonical bytes: equal arguments have equal bytes and no
// others do.
func (a Arguments) Encode() []byte {
	out := []byte{argumentsVersion}
	for _, arg := range a {
		out = append(out, byte(arg.kind))
		out = appendText(out, arg.Name)
		switch arg.kind {
		case kindAmount, kindTime:
			out = binary.AppendVarint(out, arg.num)
		case kindText:
			out = appendText(out, arg.text)
		case kindID:
			out = append(out, arg.id[:]...)
		}
	}
	return out
}

func appendText(out []byte, text string) []byte {
	out = binary.AppendUvarint(out, uint64(len(text)))
	return append(out, text...)
}

// DecodeArguments reads what Encode wrote. It returns ErrMalformedArguments for
// anything else, including bytes in a non-canonical order.
func DecodeArguments(data []byte) (Arguments, error) {
	if len(data) == 0 || data[0] != argumentsVersion {
		return nil, fmt.Errorf("%w: unknown version", ErrMalformedArguments)
	}
	d := decoder{rest: data[1:]}
	var out Arguments
	for len(d.rest) > 0 && !d.bad {
		arg := d.argument()
		if len(out) > 0 && out[len(out)-1].Name >= arg.Name {
			d.bad = true
		}
		out = append(out, arg)
	}
	// A varint has longer forms that decode to the same number.
	if d.bad || !bytes.Equal(out.Encode(), data) {
		return nil, ErrMalformedArguments
	}
	return out, nil
}

type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) argument() Argument {
	arg := Argument{kind: argumentKind(d.rest[0])}
	d.rest = d.rest[1:]
	arg.Name = d.text()
	switch arg.kind {
	case kindAmount, kindTime:
		value, n := binary.Varint(d.rest)
		if d.bad = d.bad || n <= 0; !d.bad {
			arg.num, d.rest = value, d.rest[n:]
		}
	case kindText:
		arg.text = d.text()
	case kindID:
		if d.bad = d.bad || len(d.rest) < len(arg.id); !d.bad {
			copy(arg.id[:], d.rest)
			d.rest = d.rest[len(arg.id):]
		}
	default:
		d.bad = true
	}
	return arg
}

func (d *decoder) text() string {
	size, n := binary.Uvarint(d.rest)
	if d.bad || n <= 0 || size > argumentBytesMax || uint64(len(d.rest)-n) < size {
		d.bad = true
		return ""
	}
	text := string(d.rest[n : n+int(size)])
	d.rest = d.rest[n+int(size):]
	return text
}
