package parleysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/parley-go/parley"
)

// DefaultTable is the name of the table of a [Pending].
const DefaultTable = "parley_pending"

// Placeholder is how a database writes the parameters of a statement.
type Placeholder uint8

const (
	// Question is ?, of SQLite.
	Question Placeholder = iota
	// Dollar is $1, $2 and so on, of PostgreSQL.
	Dollar
)

// PendingOptions are those of a [Pending]. The zero value is for SQLite.
type PendingOptions struct {
	// Table is the name of the table, [DefaultTable] when it is empty: letters,
	// digits and underscores. Which schema it is in is the connection's choice.
	Table string
	// Placeholder is that of the driver.
	Placeholder Placeholder
}

// Pending is a [parley.PendingStore] in one table of a database, which several
// processes may share. Its methods may be called concurrently; ctx bounds each.
// Errors are those of the driver with a word of where.
type Pending struct {
	db          *sql.DB
	table       string
	placeholder Placeholder
}

var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// NewPending returns a store in db, which stays its caller's to close. It does
// no I/O; a name that is none is told by every method.
func NewPending(db *sql.DB, o PendingOptions) *Pending {
	p := &Pending{db: db, table: o.Table, placeholder: o.Placeholder}
	if p.table == "" {
		p.table = DefaultTable
	}
	return p
}

// CreateTable makes the table and its index unless they exist. It needs the
// right to do so; a service without it has them made by somebody else:
//
//	CREATE TABLE parley_pending (
//		correlation_id VARCHAR(255) NOT NULL PRIMARY KEY,
//		token          TEXT         NOT NULL,
//		address        VARCHAR(255) NOT NULL,
//		exchange       VARCHAR(255) NOT NULL,
//		reply_to       VARCHAR(255) NOT NULL,
//		sent_ms        BIGINT       NOT NULL,
//		due_ms         BIGINT       NOT NULL
//	);
//	CREATE INDEX parley_pending_due ON parley_pending (due_ms);
//
// Times are milliseconds since 1970 in UTC. A token need not be text: it stands
// there as it would in a Go string literal, without the quotes.
func (p *Pending) CreateTable(ctx context.Context) error {
	err := p.exec(ctx, `CREATE TABLE IF NOT EXISTS `+p.table+` (
		correlation_id VARCHAR(255) NOT NULL PRIMARY KEY,
		token          TEXT         NOT NULL,
		address        VARCHAR(255) NOT NULL,
		exchange       VARCHAR(255) NOT NULL,
		reply_to       VARCHAR(255) NOT NULL,
		sent_ms        BIGINT       NOT NULL,
		due_ms         BIGINT       NOT NULL
	)`)
	if err == nil {
		err = p.exec(ctx, `CREATE INDEX IF NOT EXISTS `+p.table+`_due ON `+p.table+` (due_ms)`)
	}
	return p.explain("create table", err)
}

// Add keeps m. An id that is there already is an error.
func (p *Pending) Add(ctx context.Context, m parley.Pending) error {
	err := p.exec(ctx, `INSERT INTO `+p.table+` (correlation_id, token, address, exchange, reply_to, sent_ms, due_ms) VALUES (`+p.params(1, 7)+`)`,
		m.CorrelationID, quote(m.Token), m.Address, m.Exchange, m.ReplyTo, m.Sent.UnixMilli(), m.Due.UnixMilli())
	return p.explain("add", err)
}

// Done forgets the message of that id, and reports whether it was there.
func (p *Pending) Done(ctx context.Context, correlationID string) (bool, error) {
	if err := p.check(); err != nil {
		return false, p.explain("done", err)
	}
	//nolint:gosec // a checked name and placeholders
	result, err := p.db.ExecContext(ctx, `DELETE FROM `+p.table+` WHERE correlation_id = `+p.params(1, 1), correlationID)
	if err != nil {
		return false, p.explain("done", err)
	}
	n, err := result.RowsAffected()
	return n > 0, p.explain("done", err)
}

// Overdue returns the messages that were due before that time, the earliest
// first, at most limit of them.
func (p *Pending) Overdue(ctx context.Context, before time.Time, limit int) ([]parley.Pending, error) {
	if limit < 1 {
		return nil, nil
	}
	due, err := p.overdue(ctx, before, limit)
	return due, p.explain("overdue", err)
}

func (p *Pending) overdue(ctx context.Context, before time.Time, limit int) (due []parley.Pending, err error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	//nolint:gosec // a checked name and placeholders
	rows, err := p.db.QueryContext(ctx, `SELECT correlation_id, token, address, exchange, reply_to, sent_ms, due_ms FROM `+p.table+
		` WHERE due_ms < `+p.params(1, 1)+` ORDER BY due_ms, correlation_id LIMIT `+p.params(2, 1), before.UnixMilli(), limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var m parley.Pending
		var token string
		var sent, overdue int64
		if err := rows.Scan(&m.CorrelationID, &token, &m.Address, &m.Exchange, &m.ReplyTo, &sent, &overdue); err != nil {
			return nil, err
		}
		m.Sent, m.Due = time.UnixMilli(sent), time.UnixMilli(overdue)
		if m.Token, err = unquote(token); err != nil {
			return nil, err
		}
		due = append(due, m)
	}
	return due, rows.Err()
}

func (p *Pending) exec(ctx context.Context, statement string, args ...any) error {
	if err := p.check(); err != nil {
		return err
	}
	_, err := p.db.ExecContext(ctx, statement, args...)
	return err
}

// check refuses a name that would be more than a name in a statement.
func (p *Pending) check() error {
	if tableName.MatchString(p.table) {
		return nil
	}
	return fmt.Errorf("wanted a table's name, got %q; hint: letters, digits and underscores", p.table)
}

// params are n placeholders, of which the first has that number.
func (p *Pending) params(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "?"
		if p.placeholder == Dollar {
			all[i] = "$" + strconv.Itoa(first+i)
		}
	}
	return strings.Join(all, ", ")
}

func (p *Pending) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("parleysql: pending messages in %s: %s: %w", p.table, what, err)
}

// quote makes text of a token, which may hold any bytes: a column of text takes
// neither zero bytes nor what is no UTF-8.
func quote(token string) string {
	q := strconv.Quote(token)
	return q[1 : len(q)-1]
}

func unquote(text string) (string, error) { return strconv.Unquote(`"` + text + `"`) }
