package obs

import "strings"

// UnnamedStatement is the name of a statement without a `-- name: x` comment.
const UnnamedStatement = "unnamed"

const statementNameBytesMax = 64

// StatementName returns the name in the comment `-- name: x` that leads sql. The statements pgx
// itself sends around a transaction, which carry no comment, are named begin, commit, rollback,
// savepoint and release. All others are UnnamedStatement.
func StatementName(sql string) string {
	sql = strings.TrimLeft(sql, " \t\r\n")
	if rest, ok := strings.CutPrefix(sql, "-- name:"); ok {
		line, _, _ := strings.Cut(rest, "\n")
		if name := strings.TrimSpace(line); isStatementName(name) {
			return name
		}
		return UnnamedStatement
	}
	word, _, _ := strings.Cut(sql, " ")
	switch word {
	case "begin", "commit", "rollback", "savepoint", "release":
		return word
	}
	return UnnamedStatement
}

// isStatementName bounds what may become a metric label.
func isStatementName(name string) bool {
	if name == "" || len(name) > statementNameBytesMax {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-', r == '.':
			return false
		}
		return true
	})
}
