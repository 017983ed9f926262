package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"purser/ledger"
)

// SQLSTATEs this package names.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
	idleTransaction      = "25P03"
	tooManyConnections   = "53300"
	undefinedTable       = "42P01"
	ruleViolated         = "PL001" // raised by ledger_require
)

// ErrUnavailable is wrapped around every failed read that says nothing about
// the data: the database is away, overloaded or too slow. The read may be
// repeated.
var ErrUnavailable = errors.New("postgres: the database did not answer")

// writeError classifies a fault of a batch. Faults that say nothing about the
// batch itself become ledger.ErrRetry; a constraint that fired is named, because
// the fold should have refused before it.
func writeError(err error) error {
	if err == nil {
		return nil
	}
	if transient(err) {
		return fmt.Errorf("%w: %w", ledger.ErrRetry, err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.ConstraintName != "" || pg.Code == ruleViolated) {
		return fmt.Errorf("the database refused what the fold accepted, by %s: %w", pg.ConstraintName, err)
	}
	return err
}

// readError classifies a failed read.
func readError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if transient(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// transient reports faults that say nothing about the statement: conflicts,
// waits that ran out, and connections that were lost or never made.
func transient(err error) bool {
	// Why the server would not have a connection is no fault of the statement,
	// whatever code it gave.
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case serializationFailure, deadlockDetected, lockNotAvailable, queryCanceled, idleTransaction, tooManyConnections:
			return true
		}
		return strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08")
	}
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || connectionClosed(err)
}

// connectionClosed recognises pgconn's plain error for a connection that broke
// earlier; it has no type of its own.
func connectionClosed(err error) bool { return strings.Contains(err.Error(), "conn closed") }
