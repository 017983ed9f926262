package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Hash is a SHA-256 digest of the chain: a leaf, a root, or a head.
type Hash [32]byte

// IsZero reports whether h is absent: the head of a book without a link, and what
// the first link follows.
func (h Hash) IsZero() bool { return h == Hash{} }

// String prints the digest as 64 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// What is hashed begins with one of these, so that no leaf can be passed off as an
// interior node or as a link.
const (
	leafDomain byte = 0x00
	linkDomain byte = 0x01
	nodeDomain byte = 0x02
)

// leafVersion is the first byte of a journal's canonical bytes. A column that is
// added to the form needs the next version, for the journals written from then on.
const leafVersion byte = 1

// Hasher computes leaves. It keeps its buffer, since one runs for every journal
// written: a batch's leaves need no allocation of their own. The zero value is
// ready; a Hasher is for one goroutine at a time.
type Hasher struct{ buf []byte }

// Leaf returns the chain's digest of a journal with all that it wrote to the
// ledger, each in line order: H(0x00 ‖ AppendJournal). Effects are outside it.
func (h *Hasher) Leaf(j *Journal, postings []Posting, movements []Movement) Hash {
	return h.LeafOf(j, j.Arguments.Encode(), postings, movements)
}

// LeafOf is Leaf for a journal that was read from storage: its arguments are the
// stored bytes, whatever they are, and j.Arguments is not looked at.
func (h *Hasher) LeafOf(j *Journal, arguments []byte, postings []Posting, movements []Movement) Hash {
	h.buf = AppendJournal(append(h.buf[:0], leafDomain), j, arguments, postings, movements)
	return sha256.Sum256(h.buf)
}

// LeafOfBytes returns the leaf of a journal's canonical bytes.
func LeafOfBytes(canonical []byte) Hash {
	return sha256.Sum256(append([]byte{leafDomain}, canonical...))
}

// AppendJournal appends a journal's canonical bytes to out: the version of the
// form, every column of the journal with arguments as stored, and the postings and
// movements, each list behind its length. Numbers are varints, texts and bytes
// have their length before them, instants are microseconds and days are counted
// from 1970, so that different rows have different bytes, and the same bytes come
// of a journal before it is written and of its rows ever after.
func AppendJournal(out []byte, j *Journal, arguments []byte, postings []Posting, movements []Movement) []byte {
	out = append(out, leafVersion)
	out = binary.AppendVarint(out, int64(j.Book))
	out = append(out, j.ID[:]...)
	out = binary.AppendVarint(out, j.Seq)
	out = appendText(out, j.Template)
	out = binary.AppendVarint(out, int64(j.TemplateVersion))
	out = appendText(out, j.Type)
	out = appendBytes(out, arguments)
	out = binary.AppendVarint(out, j.EffectiveAt.UnixMicro())
	out = binary.AppendVarint(out, j.BookedOn.days())
	out = binary.AppendVarint(out, j.PostedAt.UnixMicro())
	out = append(out, j.Wallet[:]...)
	out = appendText(out, j.Subject.Type)
	out = appendText(out, j.Subject.ID)
	out = appendExplanation(out, j.Explanation)
	out = appendText(out, j.InitiatedBy)
	out = append(out, j.Reverses[:]...)
	out = binary.AppendVarint(out, j.Quantity)
	out = append(out, j.Hold[:]...)
	out = appendText(out, string(j.HoldEvent))
	out = append(out, j.Group[:]...)
	out = binary.AppendVarint(out, int64(j.GroupSize))
	out = binary.AppendUvarint(out, uint64(len(postings)))
	for i := range postings {
		out = appendPosting(out, &postings[i])
	}
	out = binary.AppendUvarint(out, uint64(len(movements)))
	for i := range movements {
		out = appendMovement(out, &movements[i])
	}
	return out
}

func appendPosting(out []byte, p *Posting) []byte {
	out = binary.AppendVarint(out, int64(p.Line))
	out = append(out, p.Debit[:]...)
	out = append(out, p.Credit[:]...)
	out = appendText(out, string(p.Commodity))
	for _, number := range [...]int64{p.Amount, p.DebitVersion, p.DebitBalance, p.CreditVersion, p.CreditBalance} {
		out = binary.AppendVarint(out, number)
	}
	return appendNet(appendNet(out, p.DebitNet), p.CreditNet)
}

func appendMovement(out []byte, m *Movement) []byte {
	out = binary.AppendVarint(out, int64(m.Line))
	out = append(out, m.Lot[:]...)
	out = append(out, m.Account[:]...)
	out = append(out, m.Hold[:]...)
	for _, number := range [...]int64{m.Quantity, m.Basis, m.Tax} {
		out = binary.AppendVarint(out, number)
	}
	return appendText(out, string(m.Money))
}

func appendBytes(out, data []byte) []byte {
	out = binary.AppendUvarint(out, uint64(len(data)))
	return append(out, data...)
}

// appendExplanation tells a journal without an explanation from one whose
// explanation is empty, as storage does.
func appendExplanation(out, explanation []byte) []byte {
	if explanation == nil {
		return append(out, 0)
	}
	return appendBytes(append(out, 1), explanation)
}

func appendNet(out []byte, net *int64) []byte {
	if net == nil {
		return append(out, 0)
	}
	return binary.AppendVarint(append(out, 1), *net)
}

// days counts the days since 1970-01-01.
func (d Date) days() int64 { return d.Time().Unix() / int64(24*time.Hour/time.Second) }

// dateOfDays is the inverse of days.
func dateOfDays(days int64) Date {
	return DateOf(time.Unix(days*int64(24*time.Hour/time.Second), 0))
}

// Link returns a book's new head: H(0x01 ‖ book ‖ seq ‖ previous ‖ root), the
// numbers big-endian in four and eight bytes. seq is of the last journal under
// root, and previous the head before it, zero for a book's first link.
func Link(book BookID, seq int64, previous, root Hash) Hash {
	var link [1 + 4 + 8 + 2*len(root)]byte
	link[0] = linkDomain
	binary.BigEndian.PutUint32(link[1:], uint32(book))
	binary.BigEndian.PutUint64(link[5:], uint64(seq))
	copy(link[13:], previous[:])
	copy(link[13+len(root):], root[:])
	return sha256.Sum256(link[:])
}
