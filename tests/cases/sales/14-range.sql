-- en: Range: the days from 27 October to 3 December 2025, invoices numbered below 2500
-- zh: 范围：2025 年 10 月 27 日至 12 月 3 日逐日，发票号小于 2500
select invoice_date, sum(revenue_e4) as revenue__e4, sum(quantity_e4) as quantity__e4, count(*)
from sales where invoice_date between '2025-10-27' and '2025-12-03' and invoice_number < 2500
group by 1
