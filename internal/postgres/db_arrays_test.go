package postgres_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"purser/internal/postgres"
	"purser/ledger"
)

// TestArrays compares the bytes of each kind of column with those that the driver
// makes of it.
func TestArrays(t *testing.T) {
	t.Parallel()
	ours, drivers := pgtype.NewMap(), pgtype.NewMap()
	postgres.RegisterArrays(ours)
	id, number, text := ledger.ID{1, 2, 15: 3}, int64(-5), "naïve"
	instants := []time.Time{
		time.Date(1999, 12, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(2026, 3, 1, 5, 4, 3, 2_000, time.UTC), time.Unix(0, 0).UTC(),
	}
	for name, c := range map[string]struct {
		oid   uint32
		value any
	}{
		"ids":                {pgtype.UUIDArrayOID, []ledger.ID{id, {}}},
		"ids_or_null":        {pgtype.UUIDArrayOID, []*ledger.ID{nil, &id}},
		"smallints":          {pgtype.Int2ArrayOID, []int16{-1, 0, 1 << 14}},
		"integers":           {pgtype.Int4ArrayOID, []int32{-1, 0, 1 << 30}},
		"bigints":            {pgtype.Int8ArrayOID, []int64{-1, 0, 1 << 62}},
		"bigints_or_null":    {pgtype.Int8ArrayOID, []*int64{&number, nil}},
		"texts":              {pgtype.TextArrayOID, []string{"", text}},
		"texts_or_null":      {pgtype.TextArrayOID, []*string{nil, &text, nil}},
		"bytes_or_null":      {pgtype.ByteaArrayOID, [][]byte{{}, nil, {0, 255}}},
		"instants":           {pgtype.TimestamptzArrayOID, instants},
		"days":               {pgtype.DateArrayOID, instants},
		"none":               {pgtype.Int8ArrayOID, []int64{}},
		"null":               {pgtype.UUIDArrayOID, []ledger.ID(nil)},
		"left_to_the_driver": {pgtype.Int4ArrayOID, []uint8{1, 2}},
		"flags":              {pgtype.BoolArrayOID, []bool{true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prefix := []byte("behind what is there")
			want, err := pgtype.NewMap().Encode(c.oid, pgtype.BinaryFormatCode, c.value, bytes.Clone(prefix))
			if err != nil {
				t.Fatal(err)
			}
			m := pgtype.NewMap()
			postgres.RegisterArrays(m)
			got, err := m.Encode(c.oid, pgtype.BinaryFormatCode, c.value, bytes.Clone(prefix))
			if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
				t.Errorf("got %x, %v; want %x", got, err, want)
			}
		})
	}
	// Reading is the driver's.
	encoded, err := drivers.Encode(pgtype.Int8ArrayOID, pgtype.BinaryFormatCode, []int64{7, 8}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var read []int64
	if err := ours.Scan(pgtype.Int8ArrayOID, pgtype.BinaryFormatCode, encoded, &read); err != nil || len(read) != 2 || read[1] != 8 {
		t.Errorf("read %v, %v", read, err)
	}
}
