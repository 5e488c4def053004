-- en: Drill-through: the invoice lines behind the machines sold on 11 November 2025
-- zh: 钻透：2025 年 11 月 11 日机器类销售的发票明细
select invoice_number, invoice_date, customer_name, product_name, currency,
       quantity_e4 as quantity__e4, amount_e4 as amount__e4, revenue_e4 as revenue__e4
from sales where invoice_date = '2025-11-11' and product_group = 'Machines'
