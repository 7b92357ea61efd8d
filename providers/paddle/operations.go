package paddle

import "github.com/standpipe-go/standpipe/client"

// Operations is the table of the operations. Treat it as a constant.
var Operations = client.Operations{
	ListProducts, GetProduct, CreateProduct, UpdateProduct,
	ListPrices, GetPrice, CreatePrice, UpdatePrice,
	ListCustomers, GetCustomer, CreateCustomer, UpdateCustomer, CreatePortalSession,
	ListTransactions, GetTransaction, CreateTransaction, UpdateTransaction, PreviewTransaction, GetInvoice,
	ListSubscriptions, GetSubscription, UpdateSubscription, PreviewSubscriptionUpdate,
	PauseSubscription, ResumeSubscription, CancelSubscription, ChargeSubscription, PreviewSubscriptionCharge,
	ListAdjustments, CreateAdjustment,
	ListNotifications, ReplayNotification,
}
