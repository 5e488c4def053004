-- en: Side by side: revenue, opportunities and cases by the country of customers, with rates over two of them
-- zh: 并列：按客户国家的销售额、商机数与个案数，含跨主题比率
with facts as (
  select coalesce(no_customer, customer_country, '@not_given') as country, revenue_e4, null as opportunity, null as complaint from sales
  union all select coalesce(no_customer, customer_country, '@not_given'), null, 1, null from opportunity
  union all select coalesce(no_customer, customer_country, '@not_given'), null, null, 1 from service_case),
cells as (
  select * from facts union all select '*', revenue_e4, opportunity, complaint from facts)
select country, sum(revenue_e4) as revenue__e4, sum(opportunity), sum(complaint),
       (sum(complaint) * 10000000000) || '/' || sum(revenue_e4) as cases_per_million__fraction,
       sum(revenue_e4) || '/' || (sum(opportunity) * 10000) as revenue_per_opportunity__fraction
from cells group by 1
