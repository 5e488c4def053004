-- en: One date for three: revenue by the month of the invoice, opportunities by that of their entry, cases by that of their opening, of customers in China
-- zh: 同一日期三种含义：中国客户的开票月销售额、录入月商机数与受理月个案数
with facts as (
  select invoice_date as day, revenue_e4, customer_id as buyer, null as opportunity, null as complaint, null as complainer from sales where customer_country = 'China'
  union all select created_date, null, null, 1, null, null from opportunity where customer_country = 'China'
  union all select opened_date, null, null, null, 1, customer_id from service_case where customer_country = 'China')
select cast(strftime('%Y', day) as integer), cast(strftime('%m', day) as integer), sum(revenue_e4) as revenue__e4,
       case when count(revenue_e4) > 0 then count(distinct buyer) end, sum(opportunity), sum(complaint),
       case when count(complaint) > 0 then count(distinct complainer) end
from facts group by 1, 2
