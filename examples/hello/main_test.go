package main

func Example() {
	main()
	// Output:
	// "hello, Ann", <nil>
	// "", remote error: invalid_argument: body: name: rule "required" failed for a string
}
