package handwritten

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/ledger"
)

// poolSettings are those of the product's pool for reading, and what suits statements that look rows up
// by key and nothing else: one plan each, along the indexes.
var poolSettings = map[string]string{
	"application_name": "purser-peer", "timezone": "UTC", "default_transaction_read_only": "on",
	"statement_timeout": "4000", "lock_timeout": "2000", "idle_in_transaction_session_timeout": "2000",
	"plan_cache_mode": "force_generic_plan", "jit": "off",
	"enable_seqscan": "off", "enable_bitmapscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
}

// OpenPool connects as many times as the product does for reading, with every page's statements prepared.
func OpenPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	config.MaxConns = int32(max(8, runtime.NumCPU()*4))
	maps.Copy(config.ConnConfig.RuntimeParams, poolSettings)
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		for _, page := range Pages() {
			for name, sql := range page.statements {
				if _, err := conn.Prepare(ctx, name, sql); err != nil {
					return fmt.Errorf("prepare %s: %w", name, err)
				}
			}
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return pool, nil
}

// statement is one of a page's statements with its parameters.
type statement struct {
	name      string
	arguments []any
}

// snapshot sends the statements in one round trip, inside one read-only database transaction, and has
// their rows read in the same order.
func (s *server) snapshot(ctx context.Context, statements []statement, read func(*results) error) (err error) {
	batch := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(statements)+2)}
	batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	for _, sent := range statements {
		batch.Queue(sent.name, sent.arguments...)
	}
	batch.Queue("COMMIT")
	s.Sent(batch.Len())
	conn, err := s.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire a connection: %w", err)
	}
	defer conn.Release()
	sent := conn.SendBatch(ctx, batch)
	defer func() { err = errors.Join(err, sent.Close()) }()
	if _, err := sent.Exec(); err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	if err := read(&results{batch: sent, types: conn.Conn().TypeMap()}); err != nil {
		return err
	}
	if _, err := sent.Exec(); err != nil {
		return fmt.Errorf("end a snapshot: %w", err)
	}
	return nil
}

// results are the answers to a batch, in the order of its statements.
type results struct {
	batch pgx.BatchResults
	types *pgtype.Map
}

// each reads the rows of the next statement.
func (r *results) each(read func(*row)) error {
	rows, err := r.batch.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	var current row
	for rows.Next() {
		current = row{values: rows.RawValues()}
		read(&current)
		if current.err != nil {
			return current.err
		}
	}
	return rows.Err()
}

// row reads the columns of one row, in order, in PostgreSQL's binary format. What it returns is valid
// until the next row. A column of another width than asked for is an error, kept in err.
type row struct {
	values [][]byte
	at     int
	err    error
}

func (r *row) column() []byte {
	if r.at == len(r.values) {
		r.err = errors.New("the row has fewer columns than are read")
		return nil
	}
	value := r.values[r.at]
	r.at++
	return value
}

// fixed returns a column of exactly width bytes; ok is false for null.
func (r *row) fixed(width int) (value []byte, ok bool) {
	value = r.column()
	if value == nil {
		return nil, false
	}
	if len(value) != width {
		r.err = fmt.Errorf("column %d has %d bytes, want %d", r.at, len(value), width)
		return nil, false
	}
	return value, true
}

// bigint returns a bigint, 0 for null.
func (r *row) bigint() int64 {
	value, ok := r.fixed(8)
	if !ok {
		return 0
	}
	return int64(binary.BigEndian.Uint64(value))
}

// integer returns an integer, 0 for null.
func (r *row) integer() int32 {
	value, ok := r.fixed(4)
	if !ok {
		return 0
	}
	return int32(binary.BigEndian.Uint32(value))
}

// id returns a uuid; ok is false for null.
func (r *row) id() (id ledger.ID, ok bool) {
	value, ok := r.fixed(16)
	if !ok {
		return ledger.NilID, false
	}
	return ledger.ID(value), true
}

// never is the instant infinity, as lots have that do not expire.
const never = math.MaxInt64

// epochMicros is PostgreSQL's epoch, 2000-01-01, in Unix microseconds.
var epochMicros = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// instant returns a timestamptz in Unix microseconds, or never; 0 for null.
func (r *row) instant() int64 {
	value, ok := r.fixed(8)
	if !ok {
		return 0
	}
	if micros := int64(binary.BigEndian.Uint64(value)); micros != never {
		return micros + epochMicros
	}
	return never
}

// text returns the bytes of a text or bytea; nil for null.
func (r *row) text() []byte { return r.column() }

// elements calls read with each element of an array without nulls whose elements have width bytes; with
// none for null. The format is a head of 12 bytes, which ends with the type, 8 bytes for each dimension, and
// then each element behind its width.
func (r *row) elements(width int, read func(i int, value []byte)) {
	const head, dimension, size = 12, 8, 4
	value := r.column()
	if value == nil || r.err != nil {
		return
	}
	if len(value) == head {
		return
	}
	if len(value) < head+dimension || (len(value)-head-dimension)%(size+width) != 0 {
		r.err = fmt.Errorf("column %d is no array of %d bytes each", r.at, width)
		return
	}
	for i := 0; head+dimension+i*(size+width) < len(value); i++ {
		element := value[head+dimension+i*(size+width):]
		if binary.BigEndian.Uint32(element) != uint32(width) {
			r.err = fmt.Errorf("column %d has an element of another width than %d", r.at, width)
			return
		}
		read(i, element[size:size+width])
	}
}

// scan reads a column of a type that has no method here, such as an array, of which there are few.
func scan[T any](r *row, types *pgtype.Map, oid uint32) (value T) {
	if raw := r.column(); raw != nil {
		if err := types.Scan(oid, pgtype.BinaryFormatCode, raw, &value); err != nil {
			r.err = err
		}
	}
	return value
}
