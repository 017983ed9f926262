package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrMalformedJournal is returned by DecodeJournal for bytes that AppendJournal did
// not write.
var ErrMalformedJournal = errors.New("ledger: malformed journal")

// DecodeJournal reads what AppendJournal wrote of a journal whose arguments are
// canonical. It returns ErrMalformedJournal for anything else.
func DecodeJournal(canonical []byte) (Journal, []Posting, []Movement, error) {
	if len(canonical) == 0 || canonical[0] != leafVersion {
		return Journal{}, nil, nil, fmt.Errorf("%w: unknown version", ErrMalformedJournal)
	}
	d := journalDecoder{rest: canonical[1:]}
	j, arguments := d.journal()
	var postings []Posting
	for left := d.count(); left > 0 && !d.bad; left-- {
		postings = append(postings, d.posting())
	}
	var movements []Movement
	for left := d.count(); left > 0 && !d.bad; left-- {
		movements = append(movements, d.movement())
	}
	var err error
	if j.Arguments, err = DecodeArguments(arguments); err != nil || d.bad {
		return Journal{}, nil, nil, errors.Join(ErrMalformedJournal, err)
	}
	// A varint has longer forms, and a number of 64 bits may not fit its column.
	if !bytes.Equal(AppendJournal(nil, &j, arguments, postings, movements), canonical) {
		return Journal{}, nil, nil, ErrMalformedJournal
	}
	return j, postings, movements, nil
}

// journalDecoder reads the parts of a canonical journal. Once bad it returns zeros.
type journalDecoder struct {
	rest []byte
	bad  bool
}

func (d *journalDecoder) journal() (j Journal, arguments []byte) {
	j.Book, j.ID, j.Seq = BookID(d.number32()), d.id(), d.number()
	j.Template, j.TemplateVersion, j.Type = string(d.bytes()), d.number32(), string(d.bytes())
	arguments = d.bytes()
	j.EffectiveAt, j.BookedOn, j.PostedAt = d.instant(), d.date(), d.instant()
	j.Wallet = d.id()
	j.Subject.Type, j.Subject.ID = string(d.bytes()), string(d.bytes())
	if d.present() {
		j.Explanation = append([]byte{}, d.bytes()...)
	}
	j.InitiatedBy = string(d.bytes())
	j.Reverses, j.Quantity = d.id(), d.number()
	j.Hold, j.HoldEvent = d.id(), HoldEvent(d.bytes())
	j.Group, j.GroupSize = d.id(), d.number16()
	return j, arguments
}

func (d *journalDecoder) posting() (p Posting) {
	p.Line, p.Debit, p.Credit, p.Commodity = d.number16(), d.id(), d.id(), Commodity(d.bytes())
	p.Amount = d.number()
	p.DebitVersion, p.DebitBalance = d.number(), d.number()
	p.CreditVersion, p.CreditBalance = d.number(), d.number()
	p.DebitNet, p.CreditNet = d.net(), d.net()
	return p
}

func (d *journalDecoder) movement() (m Movement) {
	m.Line, m.Lot, m.Account, m.Hold = d.number16(), d.id(), d.id(), d.id()
	m.Quantity, m.Basis, m.Tax, m.Money = d.number(), d.number(), d.number(), Commodity(d.bytes())
	return m
}

func (d *journalDecoder) number() int64 {
	value, n := binary.Varint(d.rest)
	return int64(d.taken(uint64(value), n))
}

func (d *journalDecoder) count() uint64 {
	value, n := binary.Uvarint(d.rest)
	return d.taken(value, n)
}

func (d *journalDecoder) taken(value uint64, n int) uint64 {
	if d.bad = d.bad || n <= 0; d.bad {
		return 0
	}
	d.rest = d.rest[n:]
	return value
}

func (d *journalDecoder) number32() int32 { return int32(d.within(math.MinInt32, math.MaxInt32)) }

func (d *journalDecoder) number16() int16 { return int16(d.within(math.MinInt16, math.MaxInt16)) }

func (d *journalDecoder) within(least, most int64) int64 {
	value := d.number()
	if value < least || value > most {
		d.bad = true
		return 0
	}
	return value
}

func (d *journalDecoder) bytes() []byte {
	size := d.count()
	if d.bad || size > uint64(len(d.rest)) {
		d.bad = true
		return nil
	}
	data := d.rest[:size]
	d.rest = d.rest[size:]
	return data
}

func (d *journalDecoder) id() (id ID) {
	if d.bad = d.bad || len(d.rest) < len(id); d.bad {
		return NilID
	}
	d.rest = d.rest[copy(id[:], d.rest):]
	return id
}

func (d *journalDecoder) instant() time.Time { return time.UnixMicro(d.number()).UTC() }

func (d *journalDecoder) date() Date {
	// Far beyond the years that PostgreSQL's date has; above them days overflow.
	const daysMax = 1 << 32
	return dateOfDays(d.within(-daysMax, daysMax))
}

// present reads the byte before a part that may be missing.
func (d *journalDecoder) present() bool {
	if d.bad = d.bad || len(d.rest) == 0 || d.rest[0] > 1; d.bad {
		return false
	}
	there := d.rest[0] == 1
	d.rest = d.rest[1:]
	return there
}

func (d *journalDecoder) net() *int64 {
	if !d.present() {
		return nil
	}
	value := d.number()
	return &value
}
