package campaign

import (
	"strings"
	"unicode"
)

// Joiners shape the letters of Indic and Arabic scripts and of some emoji. They are
// allowed in names, and ignored when two are compared: nobody can see them.
const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// FoldName returns a name as it is compared: without spaces around it, runs of
// spaces as one, and case folded rune by rune, so that two names collide if
// strings.EqualFold would call them equal. That is the same in every language: ß and
// ẞ are one letter, ß and ss are not, and neither are İ and i.
func FoldName(name string) string {
	return strings.Join(strings.Fields(strings.Map(foldRune, name)), " ")
}

// foldRune returns the least of the runes that differ only in case, or -1 for a
// rune that is not compared.
func foldRune(r rune) rune {
	if r == zeroWidthJoiner || r == zeroWidthNonJoiner {
		return -1
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// cleanName returns a name as it is kept and shown.
func cleanName(name string) string { return strings.TrimSpace(name) }
