package parley

import "fmt"

// DeclarationOption is about one declaration: a subscriber, a publisher or, of
// [NewRouter], the router itself. Given to [New] it is a registration error; on a
// single call it has no effect.
type DeclarationOption interface {
	SubscriberOption
	SendOption
}

// Declared says where a declaration comes from, in place of what parley finds
// out. It is for packages that declare on behalf of a user, such as the adapter
// of a dependency-injection container, so that errors and [App.Operations] name
// the user's code.
type Declared struct {
	// Site is the file and line of the user's call, such as "main.go:14". Empty
	// leaves the nearest caller that is not parley.
	Site string
	// Handler is the user's function, where the one that is registered only
	// stands for it; its name and place are taken. Nil leaves the latter. Of a
	// subscriber only.
	Handler any
	// Hint says, where a parameter of the handler has no resolver, how else it
	// could have come about. Of a subscriber only.
	Hint string
}

// String says what it declares.
func (d Declared) String() string { return fmt.Sprintf("parley.Declared(%s)", d.Site) }

func (d Declared) applyApp(s *appSettings) { s.misplaced = append(s.misplaced, d.String()) }

// Declarations read their options for it before anything is compiled.
func (Declared) applySubscriber(*subscriberSettings) {}
func (Declared) applySend(*sendSettings)             {}
