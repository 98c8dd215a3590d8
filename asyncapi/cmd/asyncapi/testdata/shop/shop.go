// Package shop is read by the tests of the command.
package shop

// Order is what customers send, see [Item].
//
// It has a second paragraph.
type Order struct {
	// ID names the order.
	ID   string
	Note string // Note is for people.
	Bare string
}

type (
	// Item is one line.
	Item struct{ SKU, Name string }

	// Page has an argument.
	Page[T any] struct {
		// Items are on it.
		Items []T
	}
)

// Service answers.
type Service struct{}

// Place places an order. It takes its time.
func (*Service) Place(Order) error { return nil }

// First is a method of a generic type.
func (p Page[T]) First() T { return p.Items[0] }

// Cancel is a function.
func Cancel(string) {}

func undocumented() {}
